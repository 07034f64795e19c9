import { api, useRead } from "../../api/client.ts";
import { milliseconds } from "../../lib/duration.ts";
import { count, percent, span } from "../../lib/format.ts";
import { zone } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Empty, Read } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { Bars } from "./bars.tsx";
import { Notes } from "./notes.tsx";
import { scopeOf } from "./query.ts";
import { Scope, tabReport } from "./scope.tsx";

const t = text.reports.delay;

type ViewProps = { query: URLSearchParams; go: (query: URLSearchParams) => void };
type Bucket = { from: string; to?: string };

const short = (d: string | undefined) => span(milliseconds(d));
const first = (b: Bucket) => milliseconds(b.from) === 0;
const rangeOf = (b: Bucket) =>
	!b.to ? t.beyond(short(b.from)) : first(b) ? t.under(short(b.to)) : t.to(short(b.from), short(b.to));

/** How long after their clicks conversions happen. */
export function DelayView({ query, go }: ViewProps) {
	const [report, put] = tabReport(query, go, "delay");
	const asked = scopeOf(report, zone.value);
	const got = useRead(
		["reports", "delay", asked],
		(signal) => api.GET("/api/v1/reports/click-to-conversion", { params: { query: asked as never }, signal }),
		{ dear: true },
	);
	return (
		<div class="stack">
			<Scope report={report} put={put} />
			<Read of={got}>
				{(d) =>
					d.conversions === 0 ? (
						<Card>
							<Empty title={t.empty}>{t.emptyHint}</Empty>
						</Card>
					) : (
						<>
							<div class="grid-3">
								<Stat name={t.median} value={short(d.median)} hint={t.medianHint} />
								<Stat name={t.p90} value={short(d.p90)} hint={t.p90Hint} />
								<Stat
									name={t.count}
									value={count(d.conversions)}
									hint={d.unknown > 0 ? t.unknown(count(d.unknown)) : ""}
								/>
							</div>
							<Card title={t.chart}>
								<Bars
									caption={t.chart}
									bars={d.buckets.map((b) => ({
										label: first(b) ? "0" : short(b.from),
										share: b.share,
										told: `${rangeOf(b)}: ${count(b.conversions)} (${percent(b.share, 1)})`,
									}))}
								/>
							</Card>
							<Card flush>
								<Table
									caption={t.caption}
									rows={d.buckets}
									rowKey={(b) => b.from}
									columns={[
										{ key: "from", head: t.from, cell: rangeOf },
										{ key: "n", head: t.conversions, end: true, cell: (b) => count(b.conversions) },
										{ key: "share", head: t.share, end: true, cell: (b) => percent(b.share, 1) },
										{
											key: "sum",
											head: t.cumulative,
											end: true,
											cell: (b) => percent(b.cumulative_share, 1),
										},
									]}
								/>
								<Notes of={d.notes} asOf={d.as_of} />
							</Card>
						</>
					)
				}
			</Read>
		</div>
	);
}

function Stat({ name, value, hint }: { name: string; value: string; hint: string }) {
	return (
		<div class="card stat">
			<span class="name">{name}</span>
			<span class="value">{value}</span>
			<span class="small mute">{hint || "\u00a0"}</span>
		</div>
	);
}
