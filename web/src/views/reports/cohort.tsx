import { api, type Schema, useRead } from "../../api/client.ts";
import { coins, count, day, percent } from "../../lib/format.ts";
import { side, zone } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Empty, Read } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { useCurrencies } from "./answer.ts";
import { Bars } from "./bars.tsx";
import { Notes } from "./notes.tsx";
import { scopeOf } from "./query.ts";
import { Scope, tabReport } from "./scope.tsx";

const t = text.reports.cohort;
const dayMs = 86_400_000;

type Row = Schema["CohortRow"];
type ViewProps = { query: URLSearchParams; go: (query: URLSearchParams) => void };

/** What became of each day's clicks. */
export function CohortView({ query, go }: ViewProps) {
	const [report, put] = tabReport(query, go, "cohort");
	const known = useCurrencies(report);
	const currencies = known.data ?? [];
	const several = currencies.length > 1;
	const asked = {
		...scopeOf({ ...report, byClick: false }, zone.value),
		currency: report.currency || (several ? currencies[0] : undefined),
	};
	const got = useRead(
		["reports", "cohort", asked],
		(signal) => api.GET("/api/v1/reports/cohort", { params: { query: asked as never }, signal }),
		{ dear: true, enabled: known.data !== undefined },
	);
	const rates = query.get("show") === "rate";
	const show = (v: string) => {
		const next = new URLSearchParams(query);
		if (v === "rate") next.set("show", v);
		else next.delete("show");
		go(next);
	};
	return (
		<div class="stack">
			<Scope report={report} put={put}>
				<select
					class="select fit"
					aria-label={t.show}
					value={rates ? "rate" : "count"}
					onChange={(e) => show(e.currentTarget.value)}
				>
					<option value="count">{t.asCount}</option>
					<option value="rate">{t.asRate}</option>
				</select>
				{several && (
					<select
						class="select fit"
						aria-label={text.reports.currency}
						value={asked.currency}
						onChange={(e) => put({ currency: e.currentTarget.value })}
					>
						{currencies.map((c) => (
							<option key={c} value={c} selected={c === asked.currency}>
								{c}
							</option>
						))}
					</select>
				)}
			</Scope>
			<Read of={known.data ? got : { ...known, data: undefined }}>
				{(c) =>
					c.rows.length === 0 ? (
						<Card>
							<Empty title={t.empty}>{t.emptyHint}</Empty>
						</Card>
					) : (
						<>
							<Card title={t.chart}>
								<Bars caption={t.chart} bars={barsOf(c.rows)} />
							</Card>
							<Card flush>
								<Table
									caption={t.caption}
									rows={c.rows}
									rowKey={(r) => r.day}
									columns={columnsOf(c, rates)}
									height="70dvh"
								/>
								<Notes of={c.notes} asOf={c.as_of} />
							</Card>
						</>
					)
				}
			</Read>
		</div>
	);
}

// Days since the click that anything happened on, all before it, and one more.
function daysOf(rows: Row[]): number {
	const last = rows.map((r) => r.conversions.findLastIndex((n) => n > 0));
	return Math.min(31, Math.max(7, ...last.map((i) => i + 2)));
}

function barsOf(rows: Row[]) {
	const days = daysOf(rows);
	const sums = Array.from({ length: days }, (_, i) => rows.reduce((n, r) => n + (r.conversions[i] ?? 0), 0));
	const all = sums.reduce((a, b) => a + b, 0) || 1;
	return sums.map((n, i) => ({
		label: count(i),
		share: n / all,
		told: `${t.after(count(i))}: ${count(n)} (${percent(n / all, 1)})`,
	}));
}

function columnsOf(c: Schema["Cohort"], rates: boolean): Column<Row>[] {
	const asOf = c.as_of ? Date.parse(c.as_of) : 0;
	const most = Math.max(1, ...c.rows.flatMap((r) => r.conversions));
	const total = (i: number) => c.rows.reduce((n, r) => n + (r.conversions[i] ?? 0), 0);
	const cell = (r: Row, i: number) => {
		if (Date.parse(`${r.day}T00:00:00Z`) + i * dayMs > asOf)
			return (
				<span class="mute" title={t.notYet}>
					·
				</span>
			);
		const n = r.conversions[i] ?? 0;
		const sofar = r.conversions.slice(0, i + 1).reduce((a, b) => a + b, 0);
		const told = rates ? (r.clicks > 0 ? percent(sofar / r.clicks) : "–") : n === 0 ? "0" : count(n);
		return (
			<span class="heat" style={{ "--heat": `${Math.round(Math.sqrt(n / most) * 60)}%` }}>
				{told}
			</span>
		);
	};
	const money = (name: "revenue" | "payout", hidden: string): Column<Row>[] =>
		side.value === hidden
			? []
			: [{ key: name, head: t[name], end: true, cell: (r) => coins(r[name], c.currency) }];
	return [
		{ key: "day", head: t.day, cell: (r) => day(r.day), foot: text.reports.sumRow },
		{
			key: "clicks",
			head: t.clicks,
			end: true,
			cell: (r) => count(r.clicks),
			foot: count(c.rows.reduce((n, r) => n + r.clicks, 0)),
		},
		...money("revenue", "affiliate"),
		...money("payout", "advertiser"),
		...Array.from(
			{ length: daysOf(c.rows) },
			(_, i): Column<Row> => ({
				key: `d${i}`,
				head: <span title={t.afterHint(i)}>{t.after(count(i))}</span>,
				end: true,
				cell: (r) => cell(r, i),
				foot: rates ? "" : count(total(i)),
			}),
		),
		{
			key: "later",
			head: t.later,
			end: true,
			cell: (r) => count(r.later),
			foot: count(c.rows.reduce((n, r) => n + r.later, 0)),
		},
	];
}
