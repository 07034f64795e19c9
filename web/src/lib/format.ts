// Numbers, money and times in the reader's language and zone. Money comes as a
// decimal string and is never put through a floating-point number.
import { text } from "../text/en.ts";
import { locale, zone } from "./session.ts";

/** An amount as the API gives it. */
export type Money = { amount: string; currency: string };

const made = new Map<string, unknown>();

function keep<T>(key: string, make: () => T): T {
	const full = `${locale.value} ${zone.value} ${key}`;
	if (!made.has(full)) made.set(full, make());
	return made.get(full) as T;
}

const numbers = (o: Intl.NumberFormatOptions = {}) =>
	keep(`n${JSON.stringify(o)}`, () => new Intl.NumberFormat(locale.value, o));
const times = (o: Intl.DateTimeFormatOptions) =>
	keep(`t${JSON.stringify(o)}`, () => new Intl.DateTimeFormat(locale.value, { timeZone: zone.value, ...o }));

/** What stands where there is no value. */
export const none = "–";

/** A count: 1,234. */
export function count(n: number | undefined | null): string {
	return n === undefined || n === null ? none : numbers().format(n);
}

/** A count where there is little room: 1.2K. */
export function short(n: number | undefined | null): string {
	if (n === undefined || n === null) return none;
	return Math.abs(n) < 10_000
		? count(n)
		: numbers({ notation: "compact", maximumFractionDigits: 1 }).format(n);
}

/** A share of one as percent: 0.1234 is 12.34%. */
export function percent(n: number | undefined | null, digits = 2): string {
	if (n === undefined || n === null) return none;
	return numbers({ style: "percent", maximumFractionDigits: digits }).format(n);
}

// Intl takes decimal strings exactly; its types do not know it.
type Exact = (n: number | string) => string;

/** Money, exactly, with at least the decimals of its currency. */
export function money(amount: string | number | undefined | null, currency?: string): string {
	if (amount === undefined || amount === null || amount === "") return none;
	if (!currency)
		return (numbers({ minimumFractionDigits: 2, maximumFractionDigits: 6 }).format as Exact)(amount);
	try {
		const f = numbers({
			style: "currency",
			currency,
			currencyDisplay: "narrowSymbol",
			maximumFractionDigits: 6,
		});
		return (f.format as Exact)(amount);
	} catch {
		return `${amount} ${currency}`;
	}
}

/** Money to the decimals of its currency, and to four where it is less than one. */
export function coins(amount: string | number | undefined | null, currency?: string): string {
	if (amount === undefined || amount === null || amount === "") return none;
	const small = Math.abs(Number(amount)) < 1 && Number(amount) !== 0;
	const digits: Intl.NumberFormatOptions = small ? { maximumFractionDigits: 4 } : {};
	const look: Intl.NumberFormatOptions = currency
		? { style: "currency", currency, currencyDisplay: "narrowSymbol", ...digits }
		: { minimumFractionDigits: 2, maximumFractionDigits: small ? 4 : 2 };
	try {
		return (numbers(look).format as Exact)(amount);
	} catch {
		return `${amount} ${currency}`;
	}
}

/** Money as the API gives it. */
export const sum = (m: Money | undefined | null): string => (m ? money(m.amount, m.currency) : none);

/** Money where there is little room: $12.3K. */
export function shortMoney(amount: string | number | undefined | null, currency?: string): string {
	if (amount === undefined || amount === null || amount === "") return none;
	if (!currency) return money(amount);
	const size = Math.abs(Number(amount));
	// What a click earns is small: there the decimals are what counts.
	if (size > 0 && size < 1) return money(Number(amount).toPrecision(3), currency);
	if (size < 100_000) {
		const f = numbers({ style: "currency", currency, currencyDisplay: "narrowSymbol" });
		return (f.format as Exact)(amount);
	}
	return numbers({
		style: "currency",
		currency,
		currencyDisplay: "narrowSymbol",
		notation: "compact",
		maximumFractionDigits: 1,
	}).format(Number(amount));
}

const known = (t: string | Date | undefined | null): Date | undefined => {
	if (!t) return undefined;
	const d = typeof t === "string" ? new Date(t) : t;
	return Number.isNaN(d.getTime()) || d.getTime() < 0 ? undefined : d;
};

/** A day and time to the minute, in the reader's zone if no other is named. */
export function dateTime(t: string | Date | undefined | null, timeZone = zone.value): string {
	const d = known(t);
	return d ? times({ dateStyle: "medium", timeStyle: "short", timeZone }).format(d) : none;
}

/** A day and time to the millisecond, for traces. */
export function instant(t: string | Date | undefined | null): string {
	const d = known(t);
	if (!d) return none;
	return times({
		year: "numeric",
		month: "short",
		day: "numeric",
		hour: "2-digit",
		minute: "2-digit",
		second: "2-digit",
		fractionalSecondDigits: 3,
		timeZoneName: "short",
	}).format(d);
}

/** The time of day, to the second. */
export function clock(t: string | Date | undefined | null): string {
	const d = known(t);
	return d ? times({ timeStyle: "medium" }).format(d) : none;
}

/** A day, given as an instant or as 2026-11-22. */
export function day(t: string | Date | undefined | null): string {
	if (typeof t === "string" && /^\d{4}-\d\d-\d\d$/.test(t)) {
		return times({ dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${t}T00:00:00Z`));
	}
	const d = known(t);
	return d ? times({ dateStyle: "medium" }).format(d) : none;
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
	["year", 31_536_000],
	["month", 2_592_000],
	["day", 86_400],
	["hour", 3_600],
	["minute", 60],
];

/** How long ago, or how soon. */
export function ago(t: string | Date | undefined | null, now = Date.now()): string {
	const d = known(t);
	if (!d) return none;
	const seconds = (d.getTime() - now) / 1000;
	for (const [unit, size] of steps) {
		if (Math.abs(seconds) >= size) {
			const f = keep(
				"r",
				() => new Intl.RelativeTimeFormat(locale.value, { numeric: "auto", style: "short" }),
			);
			return f.format(Math.round(seconds / size), unit);
		}
	}
	return text.time.now;
}

/** How long something took or lasts, from milliseconds: 12 ms, 3.4 s, 2 h 5 min. */
export function span(ms: number | undefined | null): string {
	if (ms === undefined || ms === null) return none;
	const n = (v: number, digits = 0) => numbers({ maximumFractionDigits: digits }).format(v);
	if (ms < 1000) return `${n(ms, ms < 10 ? 1 : 0)} ms`;
	const s = ms / 1000;
	if (s < 60) return `${n(s, 1)} s`;
	const parts: [number, string][] = [
		[Math.floor(s / 86_400), "d"],
		[Math.floor(s / 3600) % 24, "h"],
		[Math.floor(s / 60) % 60, "min"],
		[Math.floor(s) % 60, "s"],
	];
	const from = parts.findIndex(([v]) => v > 0);
	return parts
		.slice(from, from + 2)
		.filter(([v]) => v > 0)
		.map(([v, unit]) => `${n(v)} ${unit}`)
		.join(" ");
}

/** A size in bytes. */
export function bytes(n: number): string {
	const units = ["B", "KiB", "MiB", "GiB"];
	let i = 0;
	let v = n;
	while (v >= 1024 && i < units.length - 1) {
		v /= 1024;
		i++;
	}
	return `${numbers({ maximumFractionDigits: v < 10 && i > 0 ? 1 : 0 }).format(v)} ${units[i]}`;
}

/** A country's name. */
export function country(code: string | undefined | null): string {
	if (!code || !/^[A-Z]{2}$/.test(code)) return code || none;
	const names = keep("c", () => new Intl.DisplayNames([locale.value], { type: "region" }));
	return names.of(code) ?? code;
}

/** The present day in the reader's zone, as 2026-11-22, moved by some days. */
export function today(move = 0): string {
	const f = new Intl.DateTimeFormat("en-CA", {
		timeZone: zone.value,
		year: "numeric",
		month: "2-digit",
		day: "2-digit",
	});
	const d = new Date(`${f.format(new Date())}T00:00:00Z`);
	d.setUTCDate(d.getUTCDate() + move);
	return d.toISOString().slice(0, 10);
}

/** One of some: "1 row", "2 rows", in the reader's language. */
export function plural(n: number, forms: { one: string; other: string }): string {
	const rule = keep("p", () => new Intl.PluralRules("en")).select(n);
	return (rule === "one" ? forms.one : forms.other).replace("#", count(n));
}
