import { describe, expect, it, vi } from "vitest";

vi.hoisted(() => {
	const store = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
	Object.assign(globalThis, { sessionStorage: store, localStorage: store });
	Object.assign(globalThis, { document: { baseURI: "http://localhost/console/" } });
});

import { byReason, canUndo, changedBy, nothing, type Outcome, plus, waysFrom } from "./review.ts";

const outcome = (more: Partial<Outcome>): Outcome => ({ ...nothing, ...more });

describe("what a conversion may become", () => {
	it("is what the ledger lets it", () => {
		expect(waysFrom("pending")).toEqual(["approved", "rejected", "hold"]);
		expect(waysFrom("hold")).toEqual(["approved", "rejected"]);
		expect(waysFrom("approved")).toEqual(["rejected"]);
		expect(waysFrom("rejected")).toEqual(["approved"]);
		expect(waysFrom("paid")).toEqual([]);
	});
	it("can be taken back only where there is a way back", () => {
		expect(canUndo("approved", "rejected")).toBe(true);
		expect(canUndo("rejected", "approved")).toBe(true);
		expect(canUndo("pending", "approved")).toBe(false);
		expect(canUndo("pending", "rejected")).toBe(false);
		expect(canUndo("pending", "hold")).toBe(false);
		expect(canUndo("hold", "approved")).toBe(false);
	});
});

describe("a review in parts", () => {
	it("adds up exactly, currency by currency", () => {
		const got = plus(
			outcome({
				changed: 2,
				matched: 3,
				unchanged: 1,
				sums: [{ currency: "USD", conversions: 2, amount: "0.1", revenue: "90071992547409.93", payout: "4" }],
			}),
			outcome({
				changed: 2,
				matched: 2,
				refused: [{ id: "a", code: "conflict", message: "x" }],
				sums: [
					{ currency: "USD", conversions: 1, amount: "0.2", revenue: "0.000001", payout: "1" },
					{ currency: "EUR", conversions: 1, amount: "3", revenue: "2", payout: "1" },
				],
			}),
		);
		expect(got.changed).toBe(4);
		expect(got.matched).toBe(5);
		expect(got.unchanged).toBe(1);
		expect(got.refused).toHaveLength(1);
		expect(got.sums).toEqual([
			{ currency: "EUR", conversions: 1, amount: "3", revenue: "2", payout: "1" },
			{ currency: "USD", conversions: 3, amount: "0.3", revenue: "90071992547409.930001", payout: "5" },
		]);
	});
	it("leaves out an amount that nobody told", () => {
		const one = outcome({ sums: [{ currency: "USD", conversions: 1, revenue: "1" }] });
		expect(plus(one, one).sums[0]).toEqual({ currency: "USD", conversions: 2, revenue: "2" });
	});
});

describe("what was changed", () => {
	it("is what was neither refused nor so before", () => {
		const chosen = [
			{ id: "a", status: "approved" },
			{ id: "b", status: "rejected" },
			{ id: "c", status: "approved" },
		];
		const got = changedBy(chosen, "rejected", outcome({ refused: [{ id: "c", code: "x", message: "y" }] }));
		expect(got).toEqual([{ id: "a", status: "approved" }]);
	});
	it("tells refusals by their reason, the most frequent first", () => {
		const got = byReason([
			{ id: "a", code: "conflict", message: "1" },
			{ id: "b", code: "transition_not_allowed", message: "2" },
			{ id: "c", code: "transition_not_allowed", message: "2" },
		]);
		expect(got.map((g) => [g.code, g.ids])).toEqual([
			["transition_not_allowed", ["b", "c"]],
			["conflict", ["a"]],
		]);
	});
});
