import { country, dateTime } from "../../../lib/format.ts";
import { text } from "../../../text/en.ts";
import type { Words } from "../../../ui/edit.tsx";
import type { PriceLike } from "../price.ts";
import { priceWords } from "../pricefields.tsx";
import type { Cap } from "../types.ts";

const t = text.setup;

/** A cap in words: at most 500 conversions a day of goal sale. */
export function capWords(c: Cap, currency: string | undefined): string {
	const what =
		c.metric === "conversions"
			? t.caps.conversions(c.limit)
			: `${c.limit} ${currency ?? ""} ${t.caps.metrics[c.metric].toLowerCase()}`;
	return [
		t.caps.atMost(what, t.caps.periods[c.period].toLowerCase()),
		c.goal && t.caps.ofGoal(c.goal),
		c.per_affiliate && t.caps.each,
	]
		.filter(Boolean)
		.join(", ");
}

/** How values of an offer are told where two versions are compared. */
export const offerWords =
	(currency: string | undefined): Words =>
	(field, value) => {
		if (value === undefined || value === null || value === "") return text.edit.nothing;
		if (field === "payout" || field === "revenue") return priceWords(value as PriceLike, currency);
		if (field === "starts_at" || field === "ends_at") return dateTime(value as string);
		if (field === "caps")
			return (value as Cap[]).map((c) => capWords(c, currency)).join("; ") || text.edit.nothing;
		if (field === "targeting")
			return (
				Object.entries(value as Record<string, unknown>)
					.map(([k, v]) => {
						const list = Array.isArray(v)
							? v.map((w) => (k.includes("countries") ? country(String(w).toUpperCase()) : w)).join(", ")
							: v
								? text.common.yes
								: text.common.no;
						return `${t.fieldNames[k as keyof typeof t.fieldNames] ?? k}: ${list}`;
					})
					.join("; ") || text.edit.nothing
			);
		if (typeof value === "boolean") return value ? text.common.yes : text.common.no;
		if (Array.isArray(value)) return value.join(", ") || text.edit.nothing;
		return String(value);
	};
