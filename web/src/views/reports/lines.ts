// Rows by time as lines of a chart.
import type { Answer } from "./answer.ts";
import type { Row } from "./query.ts";
import { isTime, word } from "./words.ts";

/** A unit of time that points stand for. */
export type Unit = "hour" | "day" | "week" | "month";

const dayMs = 86_400_000;

// The date and time of day that an instant of the API names, by its own offset.
const date = (instant: string) => instant.slice(0, 10);
const utc = (day: string) => Date.parse(`${day}T00:00:00Z`);
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** The last day of a period, whose end is not part of it. */
export function lastDay(to: string): string {
	const midnight = /T00:00:00(\.0+)?([+-]\d\d:\d\d|Z)$/.test(to);
	return midnight ? dayOf(utc(date(to)) - dayMs) : date(to);
}

/** The unit that a period is best drawn in. */
export function unitOf(from: string, to: string): Unit {
	return Date.parse(to) - Date.parse(from) <= 3 * dayMs ? "hour" : "day";
}

/** Every point of a period, as the API names it, up to now. */
export function pointsOf(unit: Unit, from: string, to: string, now: number): string[] {
	const points: string[] = [];
	if (unit === "hour") {
		const end = Math.min(Date.parse(to), now);
		for (let at = Date.parse(from); at < end; at += 3_600_000) points.push(new Date(at).toISOString());
		return points;
	}
	const end = Math.min(utc(lastDay(to)), now + dayMs);
	const at = new Date(utc(date(from)));
	if (unit === "week") at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7));
	if (unit === "month") at.setUTCDate(1);
	while (at.getTime() <= end) {
		const day = at.toISOString().slice(0, 10);
		points.push(unit === "month" ? day.slice(0, 7) : day);
		if (unit === "month") at.setUTCMonth(at.getUTCMonth() + 1);
		else at.setUTCDate(at.getUTCDate() + (unit === "week" ? 7 : 1));
	}
	return points;
}

/** Seconds since 1970 of a point. Days are at their midnight in UTC. */
export function secondsOf(unit: Unit, point: string): number {
	return (unit === "hour" ? Date.parse(point) : utc(unit === "month" ? `${point}-01` : point)) / 1000;
}

/** One line: a value for each point. Where nothing was, a count is 0 and a rate nothing. */
export function lineOf(
	points: number[],
	unit: Unit,
	rows: Row[],
	metric: string,
	before = false,
): (number | null)[] {
	const byTime = new Map<number, unknown>();
	for (const row of rows) {
		const of = before ? (row.previous as Row | undefined) : row;
		byTime.set(secondsOf(unit, String(row[unit])), of?.[metric]);
	}
	const sums = ["count", "money"].includes(word(metric).kind);
	return points.map((p) => {
		const v = byTime.get(p);
		if (v === null || v === undefined || v === "") return sums && !byTime.has(p) && !before ? 0 : null;
		return Number(v);
	});
}

/** What tells rows apart, but for time. */
export const placeOf = (row: Row, dims: string[]): string =>
	JSON.stringify(dims.filter((d) => !isTime(d)).map((d) => row[d]));

/** The time that rows are by, if they are by one. */
export const timeOf = (a: Answer): Unit | undefined => a.report.dimensions.find(isTime) as Unit | undefined;
