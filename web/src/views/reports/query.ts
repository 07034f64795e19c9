// What a report is, as its address has it and as the API is asked for it.

import { expressionOf, writeExpression } from "../../lib/expression.ts";
import { today } from "../../lib/format.ts";
import type { Side } from "../../lib/session.ts";
import { rangeOf } from "../../ui/range.tsx";
import { dimensions, isMoney, isTime, metrics, usualMetrics } from "./words.ts";

/** What somebody asks for. */
export type Report = {
	dimensions: string[];
	metrics: string[];
	/** A period's name, or `from..to`, of days or instants. */
	range: string;
	/** Empty: the reader's own. */
	tz: string;
	currency: string;
	compare: boolean;
	/** By the time of the click, not of the conversion. */
	byClick: boolean;
	test: boolean;
	/** Expressions: `country=DE,FR`. */
	filters: string[];
	/** Empty: as the API puts them. */
	sort: string;
	limit: number;
	chart: "total" | "top" | "off";
	line: string;
	line2: string;
};

/** How many rows are shown when nobody says. */
export const usualLimit = 500;

/** The most rows that the API gives. */
export const mostRows = 100_000;

const words = [
	"dimensions",
	"metrics",
	"range",
	"tz",
	"currency",
	"compare",
	"time",
	"test",
	"filter",
	"sort",
	"limit",
	"chart",
	"line",
	"line2",
];

/** Whether the address says anything of a report. */
export const isAsked = (q: URLSearchParams): boolean => words.some((w) => q.has(w));

const list = (text: string) => text.split(",").filter((w) => w !== "");

/** Reads a report from the address. What a side may not ask for is left out. */
export function reportOf(q: URLSearchParams, side: Side): Report {
	const may = new Set([...dimensions(side), ...metrics(side)].map((w) => w.name));
	const known = (names: string[]) => [...new Set(names)].filter((n) => may.has(n));
	const chosen = known(list(q.get("metrics") ?? ""));
	const shown = chosen.length > 0 ? chosen : usualMetrics(side);
	const limit = Number(q.get("limit"));
	const chart = q.get("chart");
	const line = (name: string) => (shown.includes(q.get(name) ?? "") ? (q.get(name) ?? "") : "");
	const dims = known(list(q.get("dimensions") ?? "day"));
	return {
		dimensions: dims,
		metrics: shown,
		range: q.get("range") ?? "last7",
		tz: q.get("tz") ?? "",
		currency: q.get("currency") ?? "",
		compare: q.get("compare") === "previous",
		byClick: q.get("time") === "click",
		test: q.get("test") === "1",
		filters: q.getAll("filter").filter((f) => expressionOf(f) !== undefined),
		sort: sortOf(q.get("sort") ?? "", dims, shown),
		limit: limit > 0 ? Math.min(Math.floor(limit), mostRows) : usualLimit,
		chart: chart === "top" || chart === "off" ? chart : "total",
		line: line("line") || (shown[0] as string),
		line2: line("line2"),
	};
}

function sortOf(sort: string, dims: string[], shown: string[]): string {
	const name = sort.replace(/^-/, "");
	return dims.includes(name) || shown.includes(name) ? sort : "";
}

/** Writes what reportOf reads, without what goes without saying. */
export function queryOfReport(r: Report, side: Side): URLSearchParams {
	const q = new URLSearchParams();
	const set = (name: string, value: string, usual: string) => {
		if (value !== usual) q.set(name, value);
	};
	set("dimensions", r.dimensions.join(","), "day");
	set("metrics", r.metrics.join(","), usualMetrics(side).join(","));
	set("range", r.range, "last7");
	set("tz", r.tz, "");
	set("currency", r.currency, "");
	set("compare", r.compare ? "previous" : "", "");
	set("time", r.byClick ? "click" : "", "");
	set("test", r.test ? "1" : "", "");
	for (const f of r.filters) q.append("filter", f);
	set("sort", sortOf(r.sort, r.dimensions, r.metrics), "");
	set("limit", String(r.limit), String(usualLimit));
	set("chart", r.chart, "total");
	set("line", r.line, r.metrics[0] ?? "");
	set("line2", r.line2, "");
	return q;
}

/** Parameters of GET reports. */
export type Asked = { [name: string]: string | string[] | undefined };

/** The period, filters and zone of a report, which all that is asked for it has in common. */
export function scopeOf(r: Report, zone: string): Asked {
	const { from, to } = rangeOf(r.range);
	return {
		from,
		// Up to now, so that a day that is not over is compared with as much of a day.
		to: !to.includes("T") && to >= today() ? undefined : to,
		tz: r.tz || zone,
		time: r.byClick ? "click" : undefined,
		test: r.test ? "1" : undefined,
		filter: r.filters.length > 0 ? r.filters : undefined,
	};
}

/** What the API is asked for, without order and format. */
export function askOf(r: Report, zone: string): Asked {
	return {
		...scopeOf(r, zone),
		dimensions: r.dimensions.join(",") || undefined,
		metrics: r.metrics.join(","),
		currency: r.currency || undefined,
		names: "true",
	};
}

/** A query string of parameters. */
export function stringOf(asked: Asked): string {
	const q = new URLSearchParams();
	for (const [name, value] of Object.entries(asked))
		for (const v of Array.isArray(value) ? value : [value]) if (v !== undefined) q.append(name, v);
	return q.toString();
}

/** Whether rows are counted in money, so that there has to be one currency. */
export const needsCurrency = (r: Report): boolean =>
	r.metrics.some(isMoney) && !r.dimensions.includes("currency") && r.currency === "";

/** The order that rows have: the one chosen, or the API's own. */
export function orderOf(r: Report): string {
	if (r.sort) return r.sort;
	return r.dimensions.find(isTime) ?? `-${r.metrics[0]}`;
}

/** A row of an answer. */
export type Row = { [name: string]: unknown };

// The days that a day, week or month has, given as the API writes it.
function spanOf(dimension: string, value: string): { from: string; to: string } {
	if (dimension === "day") return { from: value, to: value };
	const d = new Date(`${dimension === "month" ? `${value}-01` : value}T00:00:00Z`);
	const from = d.toISOString().slice(0, 10);
	if (dimension === "week") d.setUTCDate(d.getUTCDate() + 6);
	else d.setUTCMonth(d.getUTCMonth() + 1, 0);
	return { from, to: d.toISOString().slice(0, 10) };
}

// The period narrowed to what a row of times stands for.
function narrowed(range: string, dimension: string, value: string): string {
	if (dimension === "hour") {
		const at = new Date(value);
		const plain = (d: Date) => d.toISOString().replace(".000Z", "Z");
		return `${plain(at)}..${plain(new Date(at.getTime() + 3_600_000))}`;
	}
	const now = rangeOf(range);
	const s = spanOf(dimension, value);
	if (now.from.includes("T")) return range;
	const from = [s.from, now.from].sort()[1];
	const to = [s.to, now.to].sort()[0];
	return `${from}..${to}`;
}

/** The report of what is behind a row alone. With `without`, of all but that row. */
export function within(r: Report, row: Row, without = false): Report {
	const next = { ...r, filters: [...r.filters] };
	for (const d of r.dimensions) {
		const value = row[d];
		if (value === undefined) continue;
		if (isTime(d)) {
			if (!without) next.range = narrowed(next.range, d, String(value));
			continue;
		}
		const one = writeExpression({ dim: d, op: without ? "!=" : "=", values: [String(value)] });
		next.filters = [...next.filters.filter((f) => !isOne(f, d)), one];
	}
	return next;
}

// Whether an expression names one value of a dimension or several of them, of
// which a row is one.
function isOne(text: string, dim: string): boolean {
	const e = expressionOf(text);
	return e?.dim === dim && e.op === "=";
}

/** The report of what is behind a row, told apart by another dimension. */
export function drill(r: Report, row: Row, dimension: string): Report {
	return { ...within(r, row), dimensions: [dimension], sort: "", chart: r.chart === "off" ? "off" : "total" };
}

/** The page of the console that shows what a link of the API lists. */
export function pageOf(link: string): string {
	return link.replace(/^.*?\/api\/v1\//, "/");
}

/** Puts rows in order, as the API would. Rows without a value come last. */
export function sorted(rows: Row[], sort: string): Row[] {
	const name = sort.replace(/^-/, "");
	const turn = sort.startsWith("-") ? -1 : 1;
	const numbers = rows.every((r) => r[name] === null || r[name] === "" || !Number.isNaN(Number(r[name])));
	const key = (r: Row) =>
		numbers ? (r[name] === null || r[name] === "" ? null : Number(r[name])) : String(r[name]);
	return rows
		.map((row) => ({ row, k: key(row) }))
		.sort((a, b) => {
			if (a.k === null || b.k === null) return a.k === b.k ? 0 : a.k === null ? 1 : -1;
			return a.k < b.k ? -turn : a.k > b.k ? turn : 0;
		})
		.map((x) => x.row);
}
