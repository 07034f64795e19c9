import { Link } from "wouter-preact";
import { api, type Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { count, dateTime, money } from "../../lib/format.ts";
import { shortId } from "../../lib/shortid.ts";
import { text } from "../../text/en.ts";
import { Status, TraceLink } from "../../ui/bits.tsx";
import { Download } from "../../ui/download.tsx";
import { Paged } from "../../ui/list.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { Table } from "../../ui/table.tsx";
import { told } from "../lists/words.ts";
import type { Class } from "./reconciled.tsx";

const t = text.work.reconciliation;

type Row = Schema["ReconciliationRow"];
type Entry = Schema["ReconciliationEntry"];
type Listed = Promise<{ data?: Schema["ReconciliationRowList"]; error?: unknown; response: Response }>;

/** The rows of one kind, page by page. */
export function ReconciledRows({ made, of }: { made: Schema["Reconciliation"]; of: Class }) {
	const id = made.id;
	const list = usePages(
		["reconciliations", id, "rows", of],
		(cursor, signal) =>
			api.GET("/api/v1/reconciliations/{id}/rows", {
				params: { path: { id }, query: { class: of, limit: 100, cursor } },
				signal,
			}) as unknown as Listed,
	);
	const all = made.summary[of];
	const kept = made.rows_kept[of] ?? 0;
	return (
		<Card
			flush
			title={t.class[of]}
			actions={
				<Download
					small
					path={`/api/v1/reconciliations/${encodeURIComponent(id)}/rows?class=${of}&format=csv`}
					name={`${(made.name || "comparison").replaceAll(/[^\p{L}\p{N}]+/gu, "-")}-${of}.csv`}
					label={t.csv}
				/>
			}
		>
			<Paged of={list} foot={kept < all && t.rowsCut(count(kept), count(all))}>
				<Table
					caption={t.class[of] ?? of}
					rows={list.rows}
					rowKey={(_, i) => i}
					loading={list.loading}
					height="60dvh"
					empty={<Empty title={t.rowsNone} />}
					columns={[
						{ key: "line", head: t.rowLine, cell: (r) => (r.line ? count(r.line) : "–") },
						{ key: "ids", head: t.rowIds, cell: (r) => <Ids of={r} /> },
						{ key: "theirs", head: t.rowTheirs, cell: (r) => <Side of={r.theirs} /> },
						{ key: "ours", head: t.rowOurs, cell: (r) => <Side of={r.ours} /> },
						{ key: "why", head: t.rowWhy, wrap: true, cell: (r) => <Why of={r} /> },
					]}
				/>
			</Paged>
		</Card>
	);
}

function Ids({ of: r }: { of: Row }) {
	const transaction = r.ours?.transaction_id ?? r.theirs?.transaction_id;
	const order = r.ours?.order_id ?? r.theirs?.order_id;
	return (
		<span class="row tight keep">
			{r.ours?.conversion_id ? (
				<Link href={`/conversions/${encodeURIComponent(r.ours.conversion_id)}`}>
					{said(order) || <span class="id">{shortId(r.ours.conversion_id)}</span>}
				</Link>
			) : (
				said(order)
			)}
			{transaction && <TraceLink id={transaction} short />}
		</span>
	);
}

function Side({ of: e }: { of: Entry | undefined }) {
	if (!e) return <span class="mute">–</span>;
	const amounts = [e.amount, e.revenue, e.payout].filter((a) => a !== undefined && a !== "");
	return (
		<span class="row tight keep">
			<span class="num">{amounts.map((a) => money(a, e.currency)).join(" · ")}</span>
			<Status of={e.status} />
			{e.at && <span class="small mute">{dateTime(e.at)}</span>}
		</span>
	);
}

function Why({ of: r }: { of: Row }) {
	return (
		<>
			{said(r.message)}
			{r.signal?.request_id && (
				<>
					{" "}
					<Link href={`/signals/${encodeURIComponent(r.signal.request_id)}`}>{t.seeSignal}</Link>
					{r.signal.message && (
						<span class="mute">: {said(told(r.signal.message, r.signal.code ?? ""))}</span>
					)}
				</>
			)}
			{r.see && (
				<span class="small mute">
					{" "}
					{r.see.likely && `${t.seeLikely} `}
					{r.see.conversion_id ? (
						<Link href={`/conversions/${encodeURIComponent(r.see.conversion_id)}`}>{t.seeConversion}</Link>
					) : (
						r.see.line !== undefined && t.seeLine(count(r.see.line))
					)}{" "}
					({said(t.because[r.see.why] ?? r.see.why)})
				</span>
			)}
		</>
	);
}
