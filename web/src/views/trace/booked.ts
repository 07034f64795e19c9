// What an entry means for whose it is.

type Entry = { account: { party: string; book: string }; amount: { amount: string; currency: string } };

/** Whose an entry is, in which book, and whether it takes away; its size without a sign. */
export function bookedAs(e: Entry): {
	party: "advertiser" | "affiliate" | "network";
	book: "pending" | "approved" | "paid";
	less: boolean;
	size: string;
} {
	const negative = e.amount.amount.startsWith("-");
	const party = e.account.party as "advertiser";
	// Entries sum to zero: what an advertiser owes is positive, what goes to the others negative.
	return {
		party,
		book: e.account.book as "paid",
		less: party === "advertiser" ? negative : !negative,
		size: e.amount.amount.replace("-", ""),
	};
}
