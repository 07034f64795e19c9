// Asking the API for a report, and what came of it.
import { useRef } from "preact/hooks";
import { api, type Reading, type Schema, useRead } from "../../api/client.ts";
import { Problem } from "../../lib/problem.ts";
import { zone } from "../../lib/session.ts";
import {
	type Asked,
	askOf,
	needsCurrency,
	orderOf,
	type Report,
	type Row,
	scopeOf,
	sorted,
} from "./query.ts";

/** What is known of a report. */
export type Answer = {
	/** What was asked for, which what is shown goes by. */
	report: Report;
	rows: Row[];
	total: Row;
	/** What is beyond the rows that are shown. */
	other?: Row;
	previous?: Row;
	from: string;
	to: string;
	tz: string;
	currency?: string;
	asOf?: string;
	notes: string[];
	truncated: boolean;
	/** Milliseconds from asking to the answer. */
	took: number;
};

// Beyond so many rows they are asked for line by line, which is a third as long:
// without links, which are asked for where they are wanted.
const many = 1000;

type Given<T> = Promise<{ data?: T; error?: unknown; response: Response }>;
type Got = Given<Answer>;

/** Asks the API for a report in JSON. */
export function getReport(query: Asked, signal: AbortSignal): Given<Schema["Report"]> {
	const asked = api.GET("/api/v1/reports", { params: { query: query as never }, signal });
	return asked as unknown as Given<Schema["Report"]>;
}

/** Asks for a report as one answer, with its links. */
export async function askPage(r: Report, signal: AbortSignal): Got {
	const began = performance.now();
	const query: Asked = {
		...askOf(r, zone.value),
		sort: r.sort || undefined,
		limit: String(r.limit),
		other: r.dimensions.length > 0 ? "true" : undefined,
		compare: r.compare ? "previous" : undefined,
	};
	const got = await getReport(query, signal);
	const d = got.data;
	return {
		error: got.error,
		response: got.response,
		data: d && {
			report: r,
			rows: d.rows as Row[],
			total: d.total as Row,
			other: d.other as Row | undefined,
			previous: d.previous?.total as Row | undefined,
			from: d.from,
			to: d.to,
			tz: d.tz,
			currency: d.currency,
			asOf: d.as_of ?? undefined,
			notes: d.notes,
			truncated: d.truncated,
			took: performance.now() - began,
		},
	};
}

async function askLines(r: Report, signal: AbortSignal): Got {
	const began = performance.now();
	const query: Asked = {
		...askOf(r, zone.value),
		sort: r.sort || undefined,
		limit: String(r.limit),
		format: "ndjson",
	};
	const got = await api.GET("/api/v1/reports", {
		params: { query: query as never },
		parseAs: "text",
		signal,
	});
	if (!got.response.ok || typeof got.data !== "string") return { error: got.error, response: got.response };
	const lines = got.data.trimEnd().split("\n");
	const last = JSON.parse(lines.pop() ?? "{}") as Row;
	if (last.total === undefined) throw new Problem(0, undefined);
	return {
		response: got.response,
		data: {
			report: r,
			rows: lines.map((l) => JSON.parse(l) as Row),
			total: last.total as Row,
			from: String(last.from),
			to: String(last.to),
			tz: String(last.tz),
			currency: r.currency || undefined,
			asOf: last.as_of as string | undefined,
			notes: (last.notes as string[] | undefined) ?? [],
			truncated: Boolean(last.truncated),
			took: performance.now() - began,
		},
	};
}

/** Asks for a report as the API gives it. */
export const askReport = (r: Report, signal: AbortSignal): Got =>
	r.limit > many && !r.compare ? askLines(r, signal) : askPage(r, signal);

// What an answer depends on, but for its order.
const keyOf = (r: Report) => JSON.stringify({ ...askOf(r, zone.value), limit: r.limit, compare: r.compare });

/**
 * Reads a report. Another order of rows that are all there is made of them, and
 * not asked for.
 */
export function useReport(r: Report, enabled: boolean): Reading<Answer> {
	const whole = useRef<{ key: string; answer: Answer } | null>(null);
	const key = keyOf(r);
	const have = whole.current?.key === key ? whole.current.answer : undefined;
	const sort = have ? have.report.sort : r.sort;
	const got = useRead(["reports", "rows", key, sort], (signal) => askReport({ ...r, sort }, signal), {
		enabled,
		dear: true,
	});
	if (got.data && keyOf(got.data.report) === key && !got.data.truncated)
		whole.current = { key, answer: got.data };
	if (!got.data || sort === r.sort) return got;
	return { ...got, data: inOrder(got.data, r) };
}

const ordered = new WeakMap<Answer, Map<string, Answer>>();

function inOrder(a: Answer, r: Report): Answer {
	const sort = orderOf({ ...r, dimensions: a.report.dimensions, metrics: a.report.metrics });
	const known = ordered.get(a) ?? new Map<string, Answer>();
	ordered.set(a, known);
	const found = known.get(sort) ?? {
		...a,
		report: { ...a.report, sort: r.sort },
		rows: sorted(a.rows, sort),
	};
	known.set(sort, found);
	return found;
}

/** The currencies of a period, the one with most conversions first. */
export function useCurrencies(r: Report): Reading<string[]> {
	const asked = {
		...scopeOf({ ...r, filters: [] }, zone.value),
		dimensions: "currency",
		metrics: "gross_conversions",
		sort: "-gross_conversions",
		limit: "20",
	};
	return useRead(
		["reports", "currencies", asked],
		async (signal) => {
			const got = await getReport(asked, signal);
			const rows = got.data?.rows as Row[] | undefined;
			return { ...got, data: rows?.map((row) => String(row.currency)).filter((c) => c !== "") };
		},
		{ dear: true },
	);
}

/** The report with the currency that its money needs, where there are several. */
export function inCurrency(r: Report, currencies: string[] | undefined): Report {
	if (!needsCurrency(r) || !currencies || currencies.length < 2) return r;
	return { ...r, currency: currencies[0] ?? "" };
}
