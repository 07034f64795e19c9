// How values of dimensions and metrics are written, and which there are.
import { api, type Reading, useRead } from "../../api/client.ts";
import { coins, count, country, dateTime, day, money, none, percent } from "../../lib/format.ts";
import { plainly } from "../../lib/hidden.ts";
import { locale, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { rangeOf } from "../../ui/range.tsx";
import { getReport } from "./answer.ts";
import { type Asked, type Report, type Row, scopeOf } from "./query.ts";
import { word } from "./words.ts";

const t = text.reports;

/** A metric's value, in a currency where it is money. */
export function writeMetric(name: string, value: unknown, currency: string | undefined): string {
	if (value === null || value === undefined || value === "") return none;
	switch (word(name).kind) {
		case "money":
		case "rate":
			return coins(value as string, currency);
		case "percent":
			return percent(Number(value));
		default:
			return count(Number(value));
	}
}

/** The same to the last decimal, where it is money. */
export function writeExactly(name: string, value: unknown, currency: string | undefined): string | undefined {
	const isMoney = word(name).kind === "money" && value !== null && value !== undefined;
	return isMoney ? money(value as string, currency) : undefined;
}

/** A dimension's value, by its name where the row has one. */
export function writeValue(dim: string, value: unknown, row: Row, tz: string): string {
	const named = row[`${dim}_name`];
	if (typeof named === "string" && named) return plainly(named);
	if (value === "" || value === null || value === undefined) return t.noValue;
	const v = String(value);
	switch (dim) {
		case "hour":
			return dateTime(v, tz);
		case "day":
		case "week":
			return day(v);
		case "month":
			return new Intl.DateTimeFormat(locale.value, {
				month: "long",
				year: "numeric",
				timeZone: "UTC",
			}).format(new Date(`${v}-01T00:00:00Z`));
		case "country":
			return country(v);
		case "status":
			return text.status[v as keyof typeof text.status] ?? v;
	}
	if (word(dim).kind === "flag") return v === "true" ? t.yes : t.no;
	if (word(dim).kind === "id") return v === "0" ? t.noValue : `#${v}`;
	return plainly(v);
}

/** A value that a dimension has in a period. */
export type Seen = { value: string; label: string; detail?: string };

const mostSeen = 300;
// Dimensions with nearly as many values as there are clicks: a week tells enough.
const wide = /^(sub|adv)\d+$/;
// Dimensions of more values than can be listed: what is typed is looked for.
const many = /^(sub|adv)\d+$|^(source|link|region)$/;

function recent(range: string): { from: string; to?: string } {
	const r = rangeOf(range);
	const week = new Date(`${r.to.slice(0, 10)}T00:00:00Z`);
	week.setUTCDate(week.getUTCDate() - 6);
	const from = week.toISOString().slice(0, 10);
	return from > r.from ? { from, to: r.to } : r;
}

/** The values of a dimension in a report's period, the most frequent first. */
export function useSeen(r: Report, dim: string, typed: string, zone: string): Reading<Seen[]> {
	const w = word(dim);
	const scope = scopeOf({ ...r, filters: r.filters.filter((f) => !f.startsWith(dim)) }, zone);
	const asked: Asked = {
		...scope,
		...(wide.test(dim) ? recent(r.range) : {}),
		filter: [
			...((scope.filter as string[]) ?? []),
			...(typed && many.test(dim) ? [`${dim}~=${escaped(typed)}`] : []),
		],
		dimensions: dim,
		metrics: "clicks,conversions,signals",
		sort: "-clicks",
		limit: String(mostSeen),
		names: "true",
	};
	const enabled = w.kind !== "flag" && w.kind !== "time" && w.kind !== "count" && w.group !== "";
	const found = useRead(
		["reports", "seen", asked],
		async (signal) => {
			const got = await getReport(asked, signal);
			return { ...got, data: got.data && (got.data.rows as Row[]).map((row) => seenOf(dim, row)) };
		},
		{ enabled, dear: true },
	);
	const looks = w.kind === "id" && dim !== "goal" && typed.length > 1 && side.value === "network";
	const named = useRead(
		["search", "pick", dim, typed],
		(signal) => api.GET("/api/v1/search", { params: { query: { q: typed } }, signal }),
		{ enabled: looks },
	);
	const more = looks
		? (named.data?.data ?? [])
				.filter((f) => f.kind === dim)
				.map((f) => ({ value: String(f.id), label: f.title ?? `#${f.id}`, detail: `#${f.id}` }))
		: [];
	const all = found.data ?? [];
	return {
		...found,
		data: found.data && [...all, ...more.filter((m) => !all.some((s) => s.value === m.value))],
	};
}

function seenOf(dim: string, row: Row): Seen {
	const value = String(row[dim]);
	const label = writeValue(dim, row[dim], row, "UTC");
	if (word(dim).kind === "id") return { value, label, detail: `#${value}` };
	const n = Number(row.clicks) || Number(row.conversions) || Number(row.signals);
	return { value, label, detail: count(n) };
}

const escaped = (v: string) => v.replaceAll("\\", "\\\\").replaceAll(",", "\\,");
