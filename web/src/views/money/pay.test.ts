import { describe, expect, test } from "vitest";
import { csvOf, eachOf, endOf, lastMonthEnd, moved, payable, sumsOf, turned } from "./pay.ts";

describe("days", () => {
	test("the month before ends on its own last day", () => {
		expect(lastMonthEnd("2026-11-23")).toBe("2026-10-31");
		expect(lastMonthEnd("2026-03-01")).toBe("2026-02-28");
		expect(lastMonthEnd("2028-03-31")).toBe("2028-02-29");
		expect(lastMonthEnd("2026-01-15")).toBe("2025-12-31");
	});
	test("a day is over at midnight of its zone, and not of another", () => {
		expect(endOf("2026-10-31", "UTC")).toBe("2026-11-01T00:00:00Z");
		expect(endOf("2026-10-31", "America/New_York")).toBe("2026-11-01T04:00:00Z");
		expect(endOf("2026-10-24", "Europe/Berlin")).toBe("2026-10-24T22:00:00Z");
	});
	test("days move over months and years", () => {
		expect(moved("2026-12-31", 1)).toBe("2027-01-01");
		expect(moved("2026-03-01", -1)).toBe("2026-02-28");
	});
});

describe("sums", () => {
	test("are exact and by currency", () => {
		const usd = (amount: string) => ({ amount, currency: "USD" });
		expect(sumsOf([usd("0.1"), usd("0.2"), { amount: "5", currency: "EUR" }])).toEqual([
			{ amount: "0.30", currency: "USD" },
			{ amount: "5.00", currency: "EUR" },
		]);
		expect(sumsOf([usd("9007199254740993.01"), usd("0.000001")])).toEqual([usd("9007199254740993.010001")]);
	});
	test("take away what is negative", () => {
		expect(
			sumsOf([
				{ amount: "12.50", currency: "USD" },
				{ amount: "-20", currency: "USD" },
			]),
		).toEqual([{ amount: "-7.50", currency: "USD" }]);
	});
	test("only more than nothing is paid", () => {
		expect(payable({ amount: "0.000001", currency: "USD" })).toBe(true);
		expect(payable({ amount: "0.00", currency: "USD" })).toBe(false);
		expect(payable({ amount: "-3.00", currency: "USD" })).toBe(false);
	});
	test("a sign is turned and turned back", () => {
		expect(turned("5.00")).toBe("-5.00");
		expect(turned("-5.00")).toBe("5.00");
	});
});

test("a CSV's cells are quoted, and no formula", () => {
	expect(
		csvOf(
			["affiliate", "amount"],
			[
				['Tea, "Blog"', "12.50"],
				["=cmd()", 3],
			],
		),
	).toBe('affiliate,amount\r\n"Tea, ""Blog""",12.50\r\n\'=cmd(),3');
});

test("all are worked through once, and none is begun after a stop", async () => {
	const seen: number[] = [];
	await eachOf([1, 2, 3, 4, 5, 6, 7], async (n) => void seen.push(n));
	expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
	const some: number[] = [];
	await eachOf(
		[1, 2, 3, 4, 5, 6, 7],
		async (n) => {
			some.push(n);
			await Promise.resolve();
		},
		() => some.length >= 3,
	);
	expect(some.length).toBe(3);
});
