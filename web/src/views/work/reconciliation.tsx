import { Plus } from "lucide-preact";
import { Link, useLocation } from "wouter-preact";
import { api, type Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { count, dateTime, day } from "../../lib/format.ts";
import { side, viewing } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Paged } from "../../ui/list.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { Compare } from "./compare.tsx";
import "./work.css";

const t = text.work.reconciliation;

type Made = Schema["Reconciliation"];

/** Comparisons with partners' lists. */
export default function Reconciliation() {
	const [state, set] = useUrlState({ new: "", tz: "", name: "" });
	const [, go] = useLocation();
	const list = usePages(["reconciliations"], (cursor, signal) =>
		api.GET("/api/v1/reconciliations", { params: { query: { limit: 50, cursor } }, signal }),
	);
	const begin = !viewing.value && (
		<Button primary onClick={() => set({ new: "1" })}>
			<Plus aria-hidden />
			{t.new}
		</Button>
	);
	return (
		<Page title={t.title} lead={t.lead} actions={list.rows.length > 0 ? begin : undefined}>
			<Card flush>
				<Paged of={list}>
					<Table
						stack
						caption={t.caption}
						rows={list.rows}
						rowKey={(r) => r.id}
						loading={list.loading}
						onRow={(r) => go(`/reconciliation/${r.id}`)}
						empty={
							<Empty title={t.none} action={begin}>
								{t.noneHint}
							</Empty>
						}
						columns={[
							{
								key: "name",
								phone: "title",
								head: t.name,
								cell: (r) => <Link href={`/reconciliation/${r.id}`}>{r.name || t.unnamed}</Link>,
							},
							...(side.value === "network"
								? [{ key: "party", head: t.party, cell: (r: Made) => <PartyOf of={r.summary} /> }]
								: []),
							{
								key: "period",
								phone: "wide",
								head: t.period,
								cell: (r) => `${day(r.summary.from)} – ${day(r.summary.to)}`,
							},
							{ key: "lines", head: t.lines, end: true, cell: (r) => count(r.summary.lines) },
							{ key: "agree", head: t.agree, end: true, cell: (r) => count(r.summary.matched) },
							{ key: "differ", head: t.differ, end: true, cell: (r) => count(differing(r.summary)) },
							{
								key: "made",
								head: t.made,
								cell: (r) => (
									<span title={t.kept(dateTime(r.kept_until))}>
										<When at={r.created_at} />
									</span>
								),
							},
						]}
					/>
				</Paged>
			</Card>
			{state.new === "1" && !viewing.value && (
				<Compare
					zone={state.tz}
					name={state.name}
					onClose={() => set({ new: "", tz: "", name: "" }, { replace: true })}
					onMade={(id) => go(`/reconciliation/${id}`)}
				/>
			)}
		</Page>
	);
}

type Summary = Schema["ReconciliationSummary"];

/** Rows that do not agree. */
export const differing = (s: Summary): number =>
	s.amount_differs + s.status_differs + s.missing_here + s.missing_there + s.duplicate_in_list;

/** Whose list it is. */
export function PartyOf({ of: s }: { of: Summary }) {
	if (s.advertiser_id) return <Named kind="advertiser" id={s.advertiser_id} plain />;
	if (s.affiliate_id) return <Named kind="affiliate" id={s.affiliate_id} plain />;
	if (s.offer_id) return <Named kind="offer" id={s.offer_id} plain />;
	return <span class="mute">–</span>;
}
