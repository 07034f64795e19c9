// Starting, pausing and archiving offers.
import { Archive, ArchiveRestore, ExternalLink, Pause, Play } from "lucide-preact";
import { api, useChange } from "../../api/client.ts";
import { text } from "../../text/en.ts";
import type { Item } from "../../ui/menu.tsx";
import { toast } from "../../ui/toast.tsx";
import type { Offer } from "./types.ts";

const t = text.setup.offers;

/** The statuses of an offer. */
export type OfferStatus = "active" | "paused" | "archived";

/** Gives how an offer's status is set; it can be taken back. */
export function useOfferStatus(): (o: Offer, to: OfferStatus) => Promise<void> {
	const change = useChange(
		(id: number, status: OfferStatus) =>
			api.PATCH("/api/v1/offers/{id}", { params: { path: { id } }, body: { status } }),
		{ touches: ["offers"] },
	);
	return async (o, to) => {
		const was = (o.status ?? "active") as OfferStatus;
		const id = o.id ?? 0;
		if (!(await change.run(id, to))) return;
		toast(t.told[to](o.name ?? ""), { undo: () => void change.run(id, was) });
	};
}

/** What may be done with an offer from a menu. */
export function statusItems(o: Offer, set: (o: Offer, to: OfferStatus) => Promise<void>): Item[] {
	const now = o.status ?? "active";
	const items: Item[] = [
		{ label: t.open, icon: <ExternalLink aria-hidden />, to: `/offers/${o.id}` },
		"line",
	];
	if (now === "active")
		items.push({ label: t.pause, icon: <Pause aria-hidden />, onClick: () => void set(o, "paused") });
	else
		items.push({
			label: t.activate,
			icon: now === "archived" ? <ArchiveRestore aria-hidden /> : <Play aria-hidden />,
			onClick: () => void set(o, "active"),
		});
	if (now !== "archived")
		items.push({ label: t.archive, icon: <Archive aria-hidden />, onClick: () => void set(o, "archived") });
	return items;
}
