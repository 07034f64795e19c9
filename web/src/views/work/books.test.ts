import { describe, expect, it } from "vitest";
import { booksOf } from "./books.ts";

const of = (party: string, party_id: number, book: string, amount: string, currency = "USD") => ({
	account: { party, party_id, book, test: false },
	amount: { amount, currency },
});

describe("balances", () => {
	it("are one line for each party and currency, advertisers first", () => {
		const lines = booksOf([
			of("affiliate", 2, "approved", "-5"),
			of("advertiser", 1, "approved", "8"),
			of("advertiser", 1, "pending", "3"),
			of("advertiser", 1, "approved", "1", "EUR"),
		]);
		expect(lines.map((l) => l.key)).toEqual(["advertiser:1:EUR", "advertiser:1:USD", "affiliate:2:USD"]);
		expect(lines[1]?.books).toEqual({ approved: "8", pending: "3" });
	});

	it("say how much is owed, whichever side it is", () => {
		const books = booksOf([of("affiliate", 2, "approved", "-5.25"), of("affiliate", 2, "pending", "1")])[0]
			?.books;
		expect(books).toEqual({ approved: "5.25", pending: "-1" });
		expect(booksOf([of("affiliate", 2, "paid", "0.00")])[0]?.books.paid).toBe("0.00");
	});
});
