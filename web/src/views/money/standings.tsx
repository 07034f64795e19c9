import { useMemo } from "preact/hooks";
import { api, useRead } from "../../api/client.ts";
import { wholeList } from "../../api/record.ts";
import { money } from "../../lib/format.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Failed, Read, Skeleton } from "../../ui/notice.tsx";
import { booksOf } from "../work/books.ts";

const t = text.payouts.standing;

/** The balances of all, or of one's own. */
export function useBalances(test = false, party?: "advertiser" | "affiliate" | "network") {
	const asked = { party, test: test || undefined };
	return useRead(["balances", asked], (signal) =>
		wholeList((paging) =>
			api.GET("/api/v1/balances", { params: { query: { ...asked, ...paging } }, signal }),
		),
	);
}

/** How a partner stands with the network, at a glance. */
export function Standings() {
	const got = useBalances();
	const rows = useMemo(() => booksOf(got.data ?? []).filter((r) => r.party === side.value), [got.data]);
	const words = t[side.value === "advertiser" ? "advertiser" : "affiliate"];
	if (got.problem && !got.data) return <Failed problem={got.problem} again={got.again} />;
	return (
		<Read of={got} wait={<Skeleton lines={1} height="86px" />}>
			{() => (
				<>
					{rows.map((r) => (
						<section key={r.key} class="card standing" aria-label={t.label(r.currency)}>
							{(["approved", "pending", "paid"] as const).map((book) => (
								<div class="stat" key={book}>
									<span class="name">{words[book]}</span>
									<span class="value">{money(r.books[book] ?? "0", r.currency)}</span>
								</div>
							))}
						</section>
					))}
				</>
			)}
		</Read>
	);
}
