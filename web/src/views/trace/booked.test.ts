import { describe, expect, test } from "vitest";
import { bookedAs } from "./booked.ts";

const entry = (party: string, book: string, amount: string) => ({
	account: { party, book },
	amount: { amount, currency: "USD" },
});

describe("an entry", () => {
	const cases: [string, string, string, string, boolean][] = [
		["is more that an advertiser owes", "advertiser", "approved", "8.00", false],
		["is less that an advertiser owes", "advertiser", "approved", "-8.00", true],
		["is more that an affiliate is owed", "affiliate", "approved", "-5.00", false],
		["is less that an affiliate is owed", "affiliate", "pending", "5.00", true],
		["is more that the network keeps", "network", "approved", "-3.00", false],
	];
	for (const [name, party, book, amount, less] of cases) {
		test(name, () => {
			expect(bookedAs(entry(party, book, amount))).toEqual({
				party,
				book,
				less,
				size: amount.replace("-", ""),
			});
		});
	}
});
