// Changing the status of many conversions: what may become what, and how far it is.
import { api, read, type Schema } from "../../api/client.ts";
import { decimal, micros } from "../../lib/decimal.ts";
import { askList } from "./ask.ts";
import type { Asked } from "./query.ts";

/** A status that a conversion may be given. */
export type Target = "approved" | "rejected" | "hold";

/** What came of a review, or would. */
export type Outcome = Omit<Schema["ReviewOutcome"], "sums"> & { sums: Sum[] };

type Refusal = Schema["ReviewRefusal"];
// A partner is not told the other side's money.
type Sum = Pick<Schema["ReviewSum"], "currency" | "conversions"> & Partial<Schema["ReviewSum"]>;

/** A conversion that was chosen, and its status then. */
export type Chosen = { id: string; status: string };

/** The most that are changed by one review. */
export const mostReviewed = 10_000;
const atOnce = 200;

const ways: Record<string, Target[]> = {
	pending: ["approved", "rejected", "hold"],
	hold: ["approved", "rejected"],
	approved: ["rejected"],
	rejected: ["approved"],
	paid: [],
};

/** What a conversion may become from a status. */
export const waysFrom = (status: string): Target[] => ways[status] ?? [];

/** Whether a change can be taken back: whether a conversion may go back the way it came. */
export const canUndo = (before: string, target: Target): boolean =>
	waysFrom(target).includes(before as Target);

/** Adds what came of one part of a review to what came of those before. */
export function plus(a: Outcome, b: Outcome): Outcome {
	const sums = new Map<string, Sum>(a.sums.map((s) => [s.currency, s]));
	for (const s of b.sums) {
		const before = sums.get(s.currency);
		const add = (x?: string, y?: string) =>
			x === undefined && y === undefined ? undefined : decimal((micros(x) ?? 0n) + (micros(y) ?? 0n));
		sums.set(
			s.currency,
			before
				? {
						currency: s.currency,
						conversions: before.conversions + s.conversions,
						amount: add(before.amount, s.amount),
						revenue: add(before.revenue, s.revenue),
						payout: add(before.payout, s.payout),
					}
				: s,
		);
	}
	return {
		dry_run: b.dry_run,
		matched: a.matched + b.matched,
		changed: a.changed + b.changed,
		unchanged: a.unchanged + b.unchanged,
		queued: a.queued + b.queued,
		refused: [...a.refused, ...b.refused],
		sums: [...sums.values()].sort((x, y) => x.currency.localeCompare(y.currency)),
	};
}

/** Nothing yet. */
export const nothing: Outcome = {
	dry_run: false,
	matched: 0,
	changed: 0,
	unchanged: 0,
	queued: 0,
	refused: [],
	sums: [],
};

/** Refusals by their reason, the most frequent first. */
export function byReason(all: Refusal[]): { code: string; message: string; ids: string[] }[] {
	const groups = new Map<string, { code: string; message: string; ids: string[] }>();
	for (const r of all) {
		const key = `${r.code} ${r.message}`;
		const g = groups.get(key) ?? { code: r.code, message: r.message, ids: [] };
		g.ids.push(r.id);
		groups.set(key, g);
	}
	return [...groups.values()].sort((a, b) => b.ids.length - a.ids.length);
}

/** Those that a review has changed. */
export function changedBy(chosen: Chosen[], target: Target, outcome: Outcome): Chosen[] {
	const refused = new Set(outcome.refused.map((r) => r.id));
	return chosen.filter((c) => c.status !== target && !refused.has(c.id));
}

/** All conversions that an address lists, up to as many as one review takes. */
export async function gather(asked: Asked, signal: AbortSignal): Promise<Chosen[] | "too many"> {
	const all: Chosen[] = [];
	let cursor: string | undefined;
	do {
		const page: { data: Chosen[]; next_cursor: string } = await read(
			askList<Chosen>("/api/v1/conversions", asked, cursor, signal, 1000),
		);
		for (const c of page.data) all.push({ id: c.id, status: c.status });
		if (all.length > mostReviewed) return "too many";
		cursor = page.next_cursor || undefined;
	} while (cursor);
	return all;
}

const send = (body: Schema["ReviewRequest"], signal?: AbortSignal): Promise<Outcome> =>
	read(api.POST("/api/v1/conversions/review", { body, signal }));

/** Says what a review would change. */
export function rehearse(chosen: Chosen[], target: Target, signal: AbortSignal): Promise<Outcome> {
	const body = { ids: chosen.map((c) => c.id), status: target, dry_run: true };
	return send(body, signal);
}

/**
 * Reviews some at a time, so that one sees how far it is and can stop between. What
 * came of those before a failure is given to `told` before it is thrown.
 */
export async function review(
	chosen: Chosen[],
	target: Target,
	note: string,
	told: (done: number, so: Outcome) => void,
	stopped: () => boolean,
): Promise<{ done: number; outcome: Outcome }> {
	let outcome = nothing;
	let done = 0;
	while (done < chosen.length && !stopped()) {
		const some = chosen.slice(done, done + atOnce);
		const body = { ids: some.map((c) => c.id), status: target, ...(note ? { note } : {}), dry_run: false };
		outcome = plus(outcome, await send(body));
		done += some.length;
		told(done, outcome);
	}
	return { done, outcome };
}
