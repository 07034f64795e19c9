// Sums of what two channels said of the same conversions.
import type { Schema } from "../../api/client.ts";

type Row = Schema["DiscrepancyRow"];

/** What was counted of some days or some offers together. */
export type Sums = {
	key: string;
	conversions: number;
	both: number;
	onlyPixel: number;
	onlyPostback: number;
	differ: number;
	pixel: Part;
	postback: Part;
};

/** So many of so many. */
export type Part = { missed: number; of: number };

/** Adds rows up by what they have alike. */
export function sumBy(rows: Row[], key: (row: Row) => string): Sums[] {
	const all = new Map<string, Sums>();
	for (const r of rows) {
		const k = key(r);
		const s = all.get(k) ?? {
			key: k,
			conversions: 0,
			both: 0,
			onlyPixel: 0,
			onlyPostback: 0,
			differ: 0,
			pixel: { missed: 0, of: 0 },
			postback: { missed: 0, of: 0 },
		};
		s.conversions += r.conversions;
		s.both += r.both;
		s.onlyPixel += r.only_pixel;
		s.onlyPostback += r.only_postback;
		s.differ += r.amounts_differ;
		s.pixel = plus(s.pixel, r.pixel_loss);
		s.postback = plus(s.postback, r.postback_loss);
		all.set(k, s);
	}
	return [...all.values()];
}

const plus = (a: Part, b: Part): Part => ({ missed: a.missed + b.missed, of: a.of + b.of });

/** The part of it, from 0 to 1; nothing where there was nothing to miss. */
export const rateOf = (p: Part): number | null => (p.of > 0 ? p.missed / p.of : null);

/** How bad a loss is: few are lost everywhere, and beyond that somebody has to look. */
export function gravity(
	rate: number | null | undefined,
	usual: number,
	much: number,
): "good" | "info" | "warn" {
	if (rate === null || rate === undefined || rate < usual) return "good";
	return rate < much ? "info" : "warn";
}
