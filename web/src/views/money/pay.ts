// What a payout is made of, reckoned exactly.
import { decimal, micros } from "../../lib/decimal.ts";
import { toInstant } from "../../lib/zoned.ts";
import { cellOf } from "../admin/csv.ts";

type Money = { amount: string; currency: string };

/** A day, moved by some days. */
export function moved(day: string, by: number): string {
	const d = new Date(`${day}T00:00:00Z`);
	d.setUTCDate(d.getUTCDate() + by);
	return d.toISOString().slice(0, 10);
}

/** The last day of the month before a day's. */
export const lastMonthEnd = (day: string): string => moved(`${day.slice(0, 7)}-01`, -1);

/** The instant at which a day is over by the clock of a zone. */
export const endOf = (day: string, zone: string): string => toInstant(`${moved(day, 1)}T00:00`, zone);

/** Whether an amount is more than nothing, and so can be paid. */
export const payable = (m: Money): boolean => (micros(m.amount) ?? 0n) > 0n;

/** Sums by currency, in the order in which currencies come. */
export function sumsOf(all: Money[]): Money[] {
	const sums = new Map<string, bigint>();
	for (const m of all) sums.set(m.currency, (sums.get(m.currency) ?? 0n) + (micros(m.amount) ?? 0n));
	return [...sums].map(([currency, of]) => ({ currency, amount: fixed(decimal(of)) }));
}

// At least two decimals, as the API writes amounts.
const fixed = (amount: string): string => {
	const [whole, fraction = ""] = amount.split(".");
	return `${whole}.${fraction.padEnd(2, "0")}`;
};

/** The other sign of an amount. */
export const turned = (amount: string): string => (amount.startsWith("-") ? amount.slice(1) : `-${amount}`);

/** A table as CSV, with names of columns in the first line. */
export const csvOf = (head: string[], rows: (string | number)[][]): string =>
	[head, ...rows].map((r) => r.map(cellOf).join(",")).join("\r\n");

/** Works through all, a few at a time, and stops beginning when told to. */
export async function eachOf<T>(
	all: T[],
	run: (one: T) => Promise<void>,
	stop?: () => boolean,
): Promise<void> {
	const left = [...all];
	const go = async () => {
		for (let one = left.shift(); one !== undefined && !stop?.(); one = left.shift()) await run(one);
	};
	await Promise.all([go(), go(), go()]);
}
