import { computed, signal } from "@preact/signals";
import type { components } from "../api/schema.ts";

/** Me is who is signed in, as the API sees it. */
export type Me = components["schemas"]["Me"];

/** Who is signed in: undefined until it is known, null when nobody is. */
export const me = signal<Me | null | undefined>(undefined);

/** A partner through whose eyes a member of the network looks. */
export type Viewing = { role: "advertiser" | "affiliate"; id: number; name: string };

const kept = sessionStorage.getItem("waybill.view-as");

/** Through whose eyes one looks; null: one's own. It lasts as long as the tab. */
export const viewing = signal<Viewing | null>(kept ? (JSON.parse(kept) as Viewing) : null);

/** Looks through a partner's eyes, or one's own again. */
export function viewAs(v: Viewing | null): void {
	if (v) sessionStorage.setItem("waybill.view-as", JSON.stringify(v));
	else sessionStorage.removeItem("waybill.view-as");
	viewing.value = v;
}

/** Side is whose console this is. */
export type Side = "network" | "advertiser" | "affiliate";

/** Whose console is shown. */
export const side = computed<Side>(
	() => viewing.value?.role ?? (me.value?.role as Side | undefined) ?? "network",
);

/** What one may do, in the words of the API. */
export type Right = "read" | "write" | "invite" | "audit" | "administer";

/** Whether one may do something. The API decides; this only spares a refusal. */
export function may(right: Right): boolean {
	if (viewing.value && right !== "read") return false;
	return (me.value?.rights as string[] | undefined)?.includes(right) ?? false;
}

/** The time zone of days and hours. */
export const zone = computed(
	() => me.value?.user?.zone || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
);

/** The language that numbers and times are written in. */
export const locale = computed(() => me.value?.user?.locale || navigator.language || "en");
