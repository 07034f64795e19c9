// The key numbers of the last seven days.
import { api, type Schema, useRead } from "../../api/client.ts";
import { count, money, percent, today } from "../../lib/format.ts";
import { side, zone } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Delta } from "../../ui/bits.tsx";
import { Spark } from "../../ui/chart.tsx";
import { Failed, Skeleton } from "../../ui/notice.tsx";
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

/** Sums of the last seven days by one dimension, by its value. */
export function useWeek(dimension: "offer" | "advertiser" | "affiliate", enabled = true) {
	const r = useRead(
		["reports", "week", dimension, zone.value],
		(signal) =>
			api.GET("/api/v1/reports", {
				params: {
					query: {
						dimensions: dimension,
						metrics: metricsOf().join(","),
						from: today(-6),
						limit: "100000",
						tz: zone.value,
					},
				},
				signal,
			}),
		{ enabled },
	);
	const report = r.data as Schema["Report"] | undefined;
	const rows = (report?.rows ?? []) as Row[];
	return {
		of: (id: number | undefined) => rows.find((row) => Number(row[dimension]) === id),
		currency: report?.currency,
		loading: r.loading,
	};
}

/** The numbers of one offer, advertiser or affiliate, beside the week before. */
export function Week({ filter, currency }: { filter: string; currency?: string }) {
	const metrics = metricsOf();
	const r = useRead(["reports", "week", filter, zone.value], (signal) =>
		api.GET("/api/v1/reports", {
			params: {
				query: {
					dimensions: "day",
					metrics: metrics.join(","),
					from: today(-6),
					filter: [filter],
					compare: "previous",
					tz: zone.value,
				},
			},
			signal,
		}),
	);
	if (r.problem) return <Failed problem={r.problem} again={r.again} />;
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
						{r.loading ? (
							<Skeleton lines={1} height="2em" />
						) : (
							<>
								<span class="value">{cell(m, total, report?.currency ?? currency)}</span>
								<span class="row">
									<Delta
										now={Number(total?.[m] ?? 0)}
										before={before ? Number(before[m] ?? 0) : null}
										down={m === "payout" && side.value === "network"}
									/>
								</span>
								<Spark values={days().map((d) => Number(byDay.get(d)?.[m] ?? 0))} />
							</>
						)}
					</div>
				))}
			</div>
			<p class="mute small caption">{t.caption}</p>
		</section>
	);
}
