import { useState } from "preact/hooks";
import { type Reading, useRead } from "../../api/client.ts";
import { expressionOf, writeExpression } from "../../lib/expression.ts";
import { count, percent, short, shortMoney } from "../../lib/format.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Chart, type Series } from "../../ui/chart.tsx";
import { Failed, Skeleton } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { type Answer, askPage } from "./answer.ts";
import type { Put } from "./control.tsx";
import { lineOf, placeOf, pointsOf, secondsOf, timeOf, type Unit, unitOf } from "./lines.ts";
import { mostRows, type Report, type Row } from "./query.ts";
import { writeMetric, writeValue } from "./values.ts";
import { dimensions as dimensionsFor, isTime, word } from "./words.ts";

const t = text.reports;
const topLines = 5;
const height = 220;

// Filters on metrics choose rows. By time they would choose other ones.
const onValues = (filters: string[]) => {
	const dims = new Set(dimensionsFor(side.value).map((w) => w.name));
	return filters.filter((f) => dims.has(expressionOf(f)?.dim ?? ""));
};

/** The report by time that a chart needs, beside what the table has. */
type Wanted = { report: Report; unit: Unit };

function totalOf(a: Answer, unit: Unit): Wanted {
	const r = a.report;
	return {
		unit,
		report: { ...r, dimensions: [unit], metrics: linesOf(r), sort: unit, limit: mostRows },
	};
}

const linesOf = (r: Report): string[] => [...new Set([r.line, ...(r.line2 ? [r.line2] : [])])];

function topOf(a: Answer, unit: Unit, top: Row[]): Wanted {
	const r = a.report;
	const dims = r.dimensions.filter((d) => !isTime(d));
	const only = dims.map((d) => {
		const values = [...new Set(top.map((row) => String(row[d])))];
		return writeExpression({ dim: d, op: "=", values });
	});
	return {
		unit,
		report: {
			...r,
			dimensions: [unit, ...dims],
			metrics: [r.line],
			filters: [...onValues(r.filters), ...only],
			sort: unit,
			compare: false,
			limit: mostRows,
		},
	};
}

function useWanted(w: Wanted | undefined): Reading<Answer> {
	return useRead(["reports", "chart", w?.report], (signal) => askPage((w as Wanted).report, signal), {
		enabled: w !== undefined,
		dear: true,
	});
}

// The first rows that are told apart by something else than time.
function useTop(a: Answer, enabled: boolean): Reading<Row[]> {
	const r = a.report;
	const byTime = r.dimensions.some(isTime);
	const w: Wanted | undefined =
		enabled && byTime
			? {
					unit: "day",
					report: {
						...r,
						dimensions: r.dimensions.filter((d) => !isTime(d)),
						metrics: [r.line],
						sort: `-${r.line}`,
						limit: topLines,
						compare: false,
					},
				}
			: undefined;
	const got = useWanted(w);
	const rows = byTime ? got.data?.rows : a.rows.slice(0, topLines);
	return { ...got, data: enabled ? rows : undefined };
}

/** The chart of a report, and what it shows. */
export function Graph({ answer: a, put }: { answer: Answer; put: Put }) {
	const [now] = useState(() => Date.now());
	const r = a.report;
	const own = timeOf(a);
	const unit = own ?? unitOf(a.from, a.to.includes("T") ? a.to : `${a.to}T24:00:00Z`);
	const split = r.dimensions.some((d) => !isTime(d));
	const chosen = r.filters.length > onValues(r.filters).length;
	const asTop = split && (r.chart === "top" || chosen);
	const itself = !split && own !== undefined && !a.truncated && a.from.includes("T");
	const first = useTop(a, asTop);
	const top = first.data;
	const wanted = asTop ? top && top.length > 0 && topOf(a, unit, top) : !itself && totalOf(a, unit);
	const got = useWanted(wanted || undefined);
	const failed = first.problem ? first : got;
	const shown = itself && !asTop ? a : got.data;
	return (
		<Card
			title={t.chart}
			actions={
				<>
					{split && (
						<select
							class="select fit"
							aria-label={t.lines}
							value={asTop ? "top" : "total"}
							disabled={chosen}
							onChange={(e) => put({ chart: e.currentTarget.value === "top" ? "top" : "total" })}
						>
							<option value="total">{t.total}</option>
							<option value="top">{t.topRows(topLines)}</option>
						</select>
					)}
					<Metric label={t.first} report={r} value={r.line} onValue={(line) => put({ line })} />
					{!asTop && (
						<Metric label={t.second} report={r} value={r.line2} onValue={(line2) => put({ line2 })} none />
					)}
				</>
			}
		>
			{failed.problem && !shown ? (
				<Failed problem={failed.problem} again={failed.again} />
			) : shown && (asTop ? top : true) ? (
				<Drawn a={shown} unit={unit} top={asTop ? top : undefined} now={now} report={r} />
			) : asTop && top?.length === 0 ? (
				<p class="mute">{t.noTimes}</p>
			) : (
				<Skeleton lines={1} height={`${height + 29}px`} />
			)}
		</Card>
	);
}

type MetricProps = {
	label: string;
	report: Report;
	value: string;
	onValue: (metric: string) => void;
	none?: boolean;
};

function Metric({ label, report, value, onValue, none }: MetricProps) {
	return (
		<select
			class="select fit"
			aria-label={label}
			value={value}
			onChange={(e) => onValue(e.currentTarget.value)}
		>
			{none && <option value="">{t.noSecond}</option>}
			{report.metrics
				.filter((m) => !none || m !== report.line)
				.map((m) => (
					<option key={m} value={m} selected={m === value}>
						{word(m).label}
					</option>
				))}
		</select>
	);
}

type DrawnProps = { a: Answer; unit: Unit; top?: Row[]; now: number; report: Report };

function Drawn({ a, unit, top, now, report: r }: DrawnProps) {
	const fixed = pointsOf(unit, a.from, a.to, now).map((p) => secondsOf(unit, p));
	const seen = a.rows.map((row) => secondsOf(unit, String(row[unit]))).filter((n) => !Number.isNaN(n));
	const x = [...new Set([...fixed, ...seen])].sort((p, q) => p - q);
	const has = (m: string) => a.report.metrics.includes(m);
	if (x.length === 0 || !has(r.line) || !a.report.dimensions.includes(unit))
		return <Skeleton lines={1} height={`${height + 29}px`} />;
	const series: Series[] = top ? topSeries(a, unit, x, top, r) : totalSeries(a, unit, x, r, has);
	return (
		<Chart
			caption={t.chartOf(word(r.line).label)}
			x={x}
			series={series}
			by={unit === "hour" ? "hour" : "day"}
			tz={a.tz}
			height={height}
		/>
	);
}

function seriesOf(a: Answer, metric: string, name: string, values: (number | null)[]): Series {
	return {
		name,
		values,
		write: (v) => writeMetric(metric, v, a.currency),
		short: (v) => shortly(metric, v, a.currency),
	};
}

function shortly(metric: string, v: number | null, currency: string | undefined): string {
	switch (word(metric).kind) {
		case "money":
		case "rate":
			return v !== null && Math.abs(v) < 10_000 && Number.isInteger(v) ? count(v) : shortMoney(v, currency);
		case "percent":
			return percent(v, 1);
		default:
			return short(v);
	}
}

function totalSeries(a: Answer, unit: Unit, x: number[], r: Report, has: (m: string) => boolean): Series[] {
	return linesOf(r)
		.filter(has)
		.flatMap((m, i): Series[] => {
			const look = { colour: `c${i + 1}`, scale: i === 0 ? ("left" as const) : ("right" as const) };
			const label = word(m).label;
			const now = { ...seriesOf(a, m, label, lineOf(x, unit, a.rows, m)), ...look };
			if (!a.report.compare) return [now];
			const before = seriesOf(a, m, t.before(label), lineOf(x, unit, a.rows, m, true));
			return [now, { ...before, ...look, dashed: true }];
		});
}

function topSeries(a: Answer, unit: Unit, x: number[], top: Row[], r: Report): Series[] {
	const dims = r.dimensions.filter((d) => !isTime(d));
	const rows = new Map<string, Row[]>();
	for (const row of a.rows) {
		const key = placeOf(row, dims);
		rows.set(key, [...(rows.get(key) ?? []), row]);
	}
	return top.map((row) => {
		const name = dims.map((d) => writeValue(d, row[d], row, a.tz)).join(" · ");
		return seriesOf(a, r.line, name, lineOf(x, unit, rows.get(placeOf(row, dims)) ?? [], r.line));
	});
}
