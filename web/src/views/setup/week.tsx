// The key numbers of the last seven days.
import { useState } from "preact/hooks";
import { api, type Reading, type Schema, useRead } from "../../api/client.ts";
import { count, money, percent, today } from "../../lib/format.ts";
import { side, zone } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Delta } from "../../ui/bits.tsx";
import { Spark } from "../../ui/chart.tsx";
import { Failed } from "../../ui/notice.tsx";
import "./setup.css";

const t = text.setup.week;

/** Row is a row of a report: numbers, and money as decimal strings. */
export type Row = Record<string, string | number | null | undefined>;

const moneys = new Set(["revenue", "payout", "profit"]);

/** The metrics that whoever is signed in may see. */
export function metricsOf(): string[] {
	const own = { network: ["revenue", "payout", "profit"], advertiser: ["revenue"], affiliate: ["payout"] };
	return ["clicks", "conversions", "cr", ...own[side.value]];
}

/** How a metric is written. */
export function cell(metric: string, row: Row | undefined, currency: string | undefined): string {
	const v = row?.[metric];
	if (moneys.has(metric)) return money(v, (row?.currency as string | undefined) ?? currency);
	if (metric === "cr") return percent(v as number | null);
	return count(v as number | null);
}

/** What a metric is called, by whose eyes see it. */
export const metricName = (metric: string): string =>
	metric === "revenue" && side.value === "advertiser"
		? t.cost
		: metric === "payout" && side.value === "affiliate"
			? t.earnings
			: t.names[metric as keyof typeof t.names];

const days = () => Array.from({ length: 7 }, (_, i) => today(i - 6));

// Money of several currencies is not added up: where there are several, most
// conversions tell which is shown first.
function useCurrencies(filter: string[]): Reading<string[]> {
	return useRead(["reports", "week", "currencies", filter, zone.value], async (signal) => {
		const got = await api.GET("/api/v1/reports", {
			params: {
				query: {
					dimensions: "currency",
					metrics: "gross_conversions",
					sort: "-gross_conversions",
					from: today(-13),
					filter,
					tz: zone.value,
				},
			},
			signal,
		});
		const rows = (got.data as Schema["Report"] | undefined)?.rows as Row[] | undefined;
		return { ...got, data: rows?.map((row) => String(row.currency ?? "")).filter((c) => c !== "") };
	});
}

/** WeekOf is a week's numbers by one dimension. */
export type WeekOf = {
	/** How a metric of one of them is written; undefined where there was nothing. */
	written: (id: number | undefined, metric: string) => string | undefined;
	loading: boolean;
};

/** Sums of the last seven days by one dimension. Money stands by its currencies. */
export function useWeek(dimension: "offer" | "advertiser" | "affiliate", filter: string[] = []): WeekOf {
	const ask = (kind: string, metrics: string[], dimensions: string) =>
		useRead(["reports", "week", kind, dimension, filter, zone.value], (signal) =>
			api.GET("/api/v1/reports", {
				params: {
					query: {
						dimensions,
						metrics: metrics.join(","),
						from: today(-6),
						filter,
						limit: "100000",
						tz: zone.value,
					},
				},
				signal,
			}),
		);
	const own = metricsOf();
	const counts = ask(
		"counts",
		own.filter((m) => !moneys.has(m)),
		dimension,
	);
	const sums = ask(
		"money",
		own.filter((m) => moneys.has(m)),
		`${dimension},currency`,
	);
	const rowsOf = (r: typeof counts, id: number | undefined) =>
		(((r.data as Schema["Report"] | undefined)?.rows ?? []) as Row[]).filter(
			(x) => Number(x[dimension]) === id,
		);
	return {
		written: (id, metric) => {
			const rows = rowsOf(moneys.has(metric) ? sums : counts, id);
			if (!moneys.has(metric)) return rows[0] && cell(metric, rows[0], undefined);
			const some = rows.filter((row) => row.currency && Number(row[metric] ?? 0) !== 0);
			return some.length > 0 ? some.map((row) => cell(metric, row, undefined)).join(" · ") : undefined;
		},
		loading: counts.loading || sums.loading,
	};
}

/** The numbers of one offer, advertiser or affiliate, beside the week before. */
export function Week({ filter, currency: usual }: { filter: string; currency?: string }) {
	const metrics = metricsOf();
	const [chosen, setChosen] = useState("");
	const known = useCurrencies([filter]);
	const currencies = known.data ?? [];
	const currency = chosen || (currencies.length > 1 ? currencies[0] : undefined);
	const r = useRead(
		["reports", "week", filter, currency, zone.value],
		(signal) =>
			api.GET("/api/v1/reports", {
				params: {
					query: {
						dimensions: "day",
						metrics: metrics.join(","),
						from: today(-6),
						filter: [filter],
						compare: "previous",
						currency,
						tz: zone.value,
					},
				},
				signal,
			}),
		{ enabled: known.data !== undefined },
	);
	const failed = known.problem && !known.data ? known : r;
	if (failed.problem && !r.data) return <Failed problem={failed.problem} again={failed.again} />;
	const report = r.data as Schema["Report"] | undefined;
	const total = report?.total as Row | undefined;
	const before = report?.previous?.total as Row | undefined;
	const byDay = new Map((report?.rows ?? []).map((row) => [String((row as Row).day), row as Row]));
	return (
		<section class="card" aria-label={t.title}>
			<div class="numbers">
				{metrics.map((m) => (
					<div key={m} class="stat">
						<span class="name">{metricName(m)}</span>
						<span class="value">
							{report ? (
								cell(m, total, report.currency || usual)
							) : (
								<span class="skeleton" style={{ width: "60%" }} />
							)}
						</span>
						<span class="row">
							<Delta
								now={report && Number(total?.[m] ?? 0)}
								before={before ? Number(before[m] ?? 0) : null}
								down={m === "payout" && side.value === "network"}
							/>
						</span>
						<Spark values={days().map((d) => Number(byDay.get(d)?.[m] ?? 0))} />
					</div>
				))}
			</div>
			<div class="caption row between">
				<p class="mute small">{t.caption}</p>
				{currencies.length > 1 && (
					<select
						class="select small"
						aria-label={t.currency}
						value={currency}
						onChange={(e) => setChosen(e.currentTarget.value)}
					>
						{currencies.map((c) => (
							<option key={c} value={c}>
								{c}
							</option>
						))}
					</select>
				)}
			</div>
		</section>
	);
}
