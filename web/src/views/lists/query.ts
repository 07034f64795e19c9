// What stands in a list's address, and what is asked of the API by it. A list of
// work is asked of the ledger, which is up to the second. A link from a report is
// asked of the facts that reports count, and passed on as it came.
import { expressionOf, writeExpression } from "../../lib/expression.ts";
import { today } from "../../lib/format.ts";
import { toInstant } from "../../lib/zoned.ts";
import { rangeOf } from "../../ui/range.tsx";

/** One thing by which a list can be narrowed. */
export type Field = {
	/** Its name in the address and in the API. */
	name: string;
	/** The dimension it is among facts; without one, facts cannot be narrowed by it. */
	dim?: string;
};

/** A list: by what it can be narrowed, and where it comes from. */
export type Spec = {
	fields: readonly Field[];
	/** The list is made of facts, whatever the address says. */
	facts?: boolean;
	/** The period when none is chosen; empty: from the first record on. */
	period: string;
};

/** Parameters of a request. */
export type Asked = Record<string, string | string[]>;

// The parameters that make the API take a list out of the facts.
const factWords = ["to", "tz", "time", "filter", "format"];
const periodWords = ["from", "to", "until", "tz"];

/** The first day that a list of facts reaches back to. */
const longAgo = () => today(-1095);

/** Whether the list is made of the facts that reports count. */
export function isFacts(q: URLSearchParams, spec: Spec): boolean {
	return Boolean(spec.facts) || factWords.some((w) => q.has(w));
}

const isTest = (f: Field) => f.name === "test";

/** Whether the list can be narrowed by a field now. */
export function usable(q: URLSearchParams, spec: Spec, f: Field): boolean {
	return !isFacts(q, spec) || isTest(f) || f.dim !== undefined;
}

// An expression that a field shows: one value that has to be met.
function shownBy(text: string, f: Field): string | undefined {
	const e = expressionOf(text);
	return f.dim !== undefined && e?.dim === f.dim && e.op === "=" && e.values.length === 1 && e.values[0]
		? e.values[0]
		: undefined;
}

/** What a field stands at; empty when it narrows nothing. */
export function standsAt(q: URLSearchParams, spec: Spec, f: Field): string {
	if (isTest(f)) {
		const v = q.get("test") ?? "";
		return v === "true" ? "1" : v === "false" ? "0" : v;
	}
	if (!isFacts(q, spec)) return q.get(f.name) ?? "";
	for (const text of q.getAll("filter")) {
		const v = shownBy(text, f);
		if (v !== undefined) return v;
	}
	return "";
}

/** The address with a field at another value. */
export function withValue(q: URLSearchParams, spec: Spec, f: Field, value: string): URLSearchParams {
	const next = new URLSearchParams(q);
	next.delete("cursor");
	if (isTest(f) || !isFacts(q, spec)) {
		if (value === "") next.delete(f.name);
		else next.set(f.name, value);
		return next;
	}
	const kept = q.getAll("filter").filter((text) => shownBy(text, f) === undefined);
	next.delete("filter");
	for (const text of kept) next.append("filter", text);
	if (value !== "" && f.dim) next.append("filter", writeExpression({ dim: f.dim, op: "=", values: [value] }));
	return next;
}

/** The address with another period. */
export function withPeriod(q: URLSearchParams, spec: Spec, value: string): URLSearchParams {
	const next = new URLSearchParams(q);
	for (const w of periodWords) next.delete(w);
	if (value === spec.period) next.delete("period");
	else next.set("period", value);
	return next;
}

/** The period that is chosen by name or days; undefined when the address has bounds of its own. */
export function periodOf(q: URLSearchParams, spec: Spec): string | undefined {
	if (q.has("period")) return q.get("period") ?? "";
	return q.has("from") || q.has("to") || q.has("until") ? undefined : spec.period;
}

/** The address without anything that narrows the list. */
export function cleared(q: URLSearchParams, spec: Spec): URLSearchParams {
	const next = new URLSearchParams(q);
	const gone = [...factWords, ...periodWords, "period", "test", "cursor", "limit"];
	for (const w of [...gone, ...spec.fields.map((f) => f.name)]) next.delete(w);
	return next;
}

/** Whether anything narrows the list, but for its usual period. */
export function isNarrowed(q: URLSearchParams, spec: Spec): boolean {
	return cleared(q, spec).toString() !== q.toString();
}

/** Expressions that no field shows, each with the address without it. */
export function extras(q: URLSearchParams, spec: Spec): { text: string; without: URLSearchParams }[] {
	if (!isFacts(q, spec)) return [];
	const all = q.getAll("filter");
	const taken = new Set<number>();
	for (const f of spec.fields) {
		const at = all.findIndex((text) => shownBy(text, f) !== undefined);
		if (at >= 0) taken.add(at);
	}
	return all.flatMap((text, i) => {
		if (taken.has(i) || [...taken].some((k) => all[k] === text)) return [];
		const without = new URLSearchParams(q);
		without.delete("filter");
		for (const [k, one] of all.entries()) if (k !== i) without.append("filter", one);
		return [{ text, without }];
	});
}

// The day after a day.
function dayAfter(day: string): string {
	const d = new Date(`${day}T00:00:00Z`);
	d.setUTCDate(d.getUTCDate() + 1);
	return d.toISOString().slice(0, 10);
}

/** What is asked of the API for an address. */
export function askOf(q: URLSearchParams, spec: Spec, zone: string): Asked {
	const out: Asked = {};
	const period = periodOf(q, spec);
	const take = (...names: string[]) => {
		for (const n of names) {
			const v = q.get(n);
			if (v) out[n] = v;
		}
	};
	const test = standsAt(q, spec, { name: "test" });
	if (isFacts(q, spec)) {
		take("time");
		if (period === undefined) take("from", "to", "tz");
		else {
			out.tz = zone;
			const r = rangeOf(period);
			out.from = period ? r.from : longAgo();
			if (period) out.to = r.to;
		}
		const filter = q.getAll("filter");
		if (filter.length > 0) out.filter = filter;
		if (test === "1") out.test = "1";
		return out;
	}
	take(...spec.fields.filter((f) => !isTest(f)).map((f) => f.name));
	if (period === undefined) take("from", "until");
	else if (period) {
		const r = rangeOf(period);
		out.from = toInstant(`${r.from}T00:00`, zone);
		out.until = toInstant(`${dayAfter(r.to)}T00:00`, zone);
	}
	if (test) out.test = test === "1" ? "true" : "false";
	return out;
}

/**
 * The same list as facts, for a download of all of it. A field that facts do not
 * have is named instead.
 */
export function factsOf(q: URLSearchParams, spec: Spec, zone: string): { asked: Asked } | { lacks: string } {
	if (isFacts(q, spec)) return { asked: askOf(q, spec, zone) };
	const out: Asked = { tz: zone };
	const filter = new Set<string>();
	for (const f of spec.fields) {
		const v = standsAt(q, spec, f);
		if (!v || isTest(f)) continue;
		if (!f.dim) return { lacks: f.name };
		filter.add(writeExpression({ dim: f.dim, op: "=", values: [v] }));
	}
	if (filter.size > 0) out.filter = [...filter];
	if (standsAt(q, spec, { name: "test" }) === "1") out.test = "1";
	const period = periodOf(q, spec);
	if (period === undefined) {
		out.from = q.get("from") ?? longAgo();
		const until = q.get("until");
		if (until) out.to = until;
	} else if (period) {
		const r = rangeOf(period);
		out.from = r.from;
		out.to = r.to;
	} else out.from = longAgo();
	return { asked: out };
}

/** A query string of parameters, arrays as often as they have values. */
export function stringOf(asked: Asked): string {
	const q = new URLSearchParams();
	for (const [name, value] of Object.entries(asked))
		for (const v of Array.isArray(value) ? value : [value]) q.append(name, v);
	return q.toString();
}
