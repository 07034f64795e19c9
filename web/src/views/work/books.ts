// Balances put together by whose they are.
import type { Schema } from "../../api/client.ts";

type Balance = Schema["Balance"];

/** What one party has in its books, in one currency. */
export type Standing = {
	key: string;
	party: string;
	id: number;
	currency: string;
	/** Amounts by book, as they are meant: what is owed, by whomever, is above zero. */
	books: Record<string, string>;
};

const order = ["advertiser", "affiliate", "network"];

// Entries sum to zero: what is owed to an affiliate or kept by the network stands
// below zero. Here it says how much it is.
const turned = (amount: string): string =>
	amount.startsWith("-") ? amount.slice(1) : /^0(\.0+)?$/.test(amount) ? amount : `-${amount}`;

/** One line for each party and currency, advertisers first. */
export function booksOf(balances: Balance[]): Standing[] {
	const all = new Map<string, Standing>();
	for (const { account: a, amount: m } of balances) {
		const key = `${a.party}:${a.party_id}:${m.currency}`;
		const s = all.get(key) ?? { key, party: a.party, id: a.party_id, currency: m.currency, books: {} };
		s.books[a.book] = a.party === "advertiser" ? m.amount : turned(m.amount);
		all.set(key, s);
	}
	return [...all.values()].sort(
		(a, b) =>
			order.indexOf(a.party) - order.indexOf(b.party) || a.id - b.id || (a.currency < b.currency ? -1 : 1),
	);
}
