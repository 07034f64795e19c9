import { describe, expect, test } from "vitest";
import { bestTerm, earns, margin, priced, type TermLike } from "./price.ts";

describe("earns", () => {
	const cases: [string, Parameters<typeof earns>[0], string, string | undefined][] = [
		["a fixed amount, whatever the sale", { type: "cpa", amount: "5.50" }, "100", "5.5"],
		["a share of the sale", { type: "cps", percent: "12.5" }, "49.90", "6.2375"],
		["both", { type: "cpa_cps", amount: "1", percent: "10" }, "20", "3"],
		["nothing of what is left open", { type: "cpa" }, "100", "0"],
		["nothing known while the amount is no number", { type: "cpa", amount: "5x" }, "100", undefined],
	];
	for (const [name, price, sale, want] of cases) test(name, () => expect(earns(price, sale)).toBe(want));
});

test("margin tells what is kept, and what is lost", () => {
	expect(margin({ type: "cpa", amount: "5" }, { type: "cpa", amount: "7" }, "0")).toEqual({
		payout: "5",
		revenue: "7",
		kept: "2",
		share: 2 / 7,
	});
	expect(margin({ type: "cpa", amount: "5" }, { type: "cps", percent: "4" }, "100")?.kept).toBe("-1");
	expect(margin({ type: "cpa" }, { type: "cpa" }, "0")?.share).toBeNull();
});

describe("bestTerm", () => {
	const price = { type: "cpa", amount: "1" };
	const at = Date.parse("2026-11-22T12:00:00Z");
	const who = { affiliate: 7, goal: "sale", country: "DE", at };
	const cases: [string, TermLike[], number | undefined][] = [
		[
			"takes the one with the most conditions",
			[
				{ id: 1, affiliate_id: 7, payout: price },
				{ id: 2, goal: "sale", country: "de", payout: price },
			],
			2,
		],
		[
			"takes the affiliate's before the goal's",
			[
				{ id: 2, goal: "sale", payout: price },
				{ id: 1, affiliate_id: 7, payout: price },
			],
			1,
		],
		[
			"takes the newest of equals",
			[
				{ id: 1, affiliate_id: 7, payout: price },
				{ id: 3, affiliate_id: 7, payout: price },
			],
			3,
		],
		["leaves out other affiliates'", [{ id: 1, affiliate_id: 8, payout: price }], undefined],
		["leaves out what has not begun", [{ id: 1, from: "2026-11-23T00:00:00Z", payout: price }], undefined],
		[
			"leaves out what is over to the second",
			[{ id: 1, until: "2026-11-22T12:00:00Z", payout: price }],
			undefined,
		],
		["leaves out terms without such a price", [{ id: 1, affiliate_id: 7, revenue: price }], undefined],
	];
	for (const [name, terms, want] of cases)
		test(name, () => expect(bestTerm(terms, who, "payout")?.id).toBe(want));
});

test("priced goes from the term to the goal to the offer", () => {
	const offer = { payout: { type: "cpa", amount: "1" } };
	const goal = { payout: { type: "cpa", amount: "2" } };
	const term = { id: 4, affiliate_id: 7, payout: { type: "cpa", amount: "3" } };
	const who = { affiliate: 7, goal: "default", at: 0 };
	expect(priced(offer, goal, [term], who, "payout")).toEqual({ price: term.payout, by: "term", term });
	expect(priced(offer, goal, [term], { ...who, affiliate: 8 }, "payout")).toEqual({
		price: goal.payout,
		by: "goal",
	});
	expect(priced(offer, {}, [], who, "payout")).toEqual({ price: offer.payout, by: "offer" });
});
