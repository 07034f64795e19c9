// What a price comes to, exactly.
import { decimal, micros, percentOf } from "../../lib/decimal.ts";

/** A price as forms and the API have it. */
export type PriceLike = { type?: string; amount?: string; percent?: string };

/** Whether the price depends on how large the sale is. */
export const bySale = (p: PriceLike | undefined): boolean =>
	(p?.type === "cps" || p?.type === "cpa_cps") && (micros(p.percent) ?? 0n) !== 0n;

/** What a price comes to for a sale; undefined while it is no price yet. */
export function earns(p: PriceLike | undefined, sale: string): string | undefined {
	const of = micros(sale) ?? 0n;
	const amount = p?.amount ? micros(p.amount) : 0n;
	const percent = p?.percent ? micros(p.percent) : 0n;
	if (!p?.type || amount === undefined || percent === undefined) return undefined;
	switch (p.type) {
		case "cpa":
			return decimal(amount);
		case "cps":
			return decimal(percentOf(percent, of));
		case "cpa_cps":
			return decimal(amount + percentOf(percent, of));
		default:
			return "0";
	}
}

/** What is left of the revenue, and which part of it that is. */
export type Margin = { payout: string; revenue: string; kept: string; share: number | null };

/** What the network keeps of a sale. */
export function margin(payout: PriceLike, revenue: PriceLike, sale: string): Margin | undefined {
	const out = earns(payout, sale);
	const into = earns(revenue, sale);
	if (out === undefined || into === undefined) return undefined;
	const kept = decimal(micros(into)! - micros(out)!);
	return { payout: out, revenue: into, kept, share: Number(into) > 0 ? Number(kept) / Number(into) : null };
}

/** What a term has to do with a conversion. */
export type TermLike = {
	id?: number;
	affiliate_id?: number;
	goal?: string;
	country?: string;
	from?: string;
	until?: string;
	payout?: PriceLike;
	revenue?: PriceLike;
};

/** Of whom the price is asked. */
export type Fit = { affiliate?: number; goal: string; country?: string; at: number };

/** Whether all conditions of a term hold. */
export function fits(t: TermLike, who: Fit): boolean {
	const equal = (a: string | undefined, b: string | undefined) => a?.toLowerCase() === b?.toLowerCase();
	return (
		(!t.affiliate_id || t.affiliate_id === who.affiliate) &&
		(!t.goal || equal(t.goal, who.goal)) &&
		(!t.country || equal(t.country, who.country)) &&
		(!t.from || who.at >= Date.parse(t.from)) &&
		(!t.until || who.at < Date.parse(t.until))
	);
}

// Terms are ordered by how many conditions they have, and then by which.
function weight(t: TermLike): number {
	const which = (t.affiliate_id ? 4 : 0) + (t.goal ? 2 : 0) + (t.country ? 1 : 0);
	const count = [t.affiliate_id, t.goal, t.country].filter(Boolean).length;
	return count * 8 + which;
}

/** The term that sets a price for somebody: the one with the most conditions, then the newest. */
export function bestTerm<T extends TermLike>(terms: T[], who: Fit, of: "payout" | "revenue"): T | undefined {
	let best: T | undefined;
	for (const t of terms) {
		if (!t[of] || !fits(t, who)) continue;
		const heavier = best && weight(t) - weight(best);
		if (!best || heavier! > 0 || (heavier === 0 && (t.id ?? 0) > (best.id ?? 0))) best = t;
	}
	return best;
}

/** A price and by what it holds. */
export type Priced<T> = { price: PriceLike; by: "term" | "goal" | "offer"; term?: T };

/** The price that holds for somebody. */
export function priced<T extends TermLike>(
	offer: { payout?: PriceLike; revenue?: PriceLike },
	goal: { payout?: PriceLike; revenue?: PriceLike } | undefined,
	terms: T[],
	who: Fit,
	of: "payout" | "revenue",
): Priced<T> {
	const term = bestTerm(terms, who, of);
	if (term) return { price: term[of]!, by: "term", term };
	if (goal?.[of]) return { price: goal[of], by: "goal" };
	return { price: offer[of] ?? { type: "cpa" }, by: "offer" };
}
