// Reports that most people begin with.
import type { Side } from "../../lib/session.ts";
import type { text } from "../../text/en.ts";
import type { Report } from "./query.ts";
import { dimensions, metrics } from "./words.ts";

type Name = keyof typeof text.reports.startBy;
type Start = { name: Name; report: Partial<Report>; sides?: Side[] };

const all: Start[] = [
	{ name: "day", report: { dimensions: ["day"], range: "last30" } },
	{ name: "hour", report: { dimensions: ["hour"], range: "today", compare: true } },
	{ name: "offer", report: { dimensions: ["offer"], chart: "top" } },
	{ name: "affiliate", report: { dimensions: ["affiliate"], chart: "top" } },
	{ name: "place", report: { dimensions: ["country", "device"] } },
	{ name: "sub1", report: { dimensions: ["sub1"] } },
	{ name: "source", report: { dimensions: ["source"] }, sides: ["affiliate"] },
	{ name: "link", report: { dimensions: ["link"] }, sides: ["affiliate"] },
	{ name: "goal", report: { dimensions: ["offer", "goal"] } },
	{
		name: "code",
		report: {
			dimensions: ["code"],
			metrics: ["signals", "rejected_signals"],
			sort: "-rejected_signals",
			line: "rejected_signals",
		},
	},
];

/** What a side may begin with. */
export function starts(side: Side): Start[] {
	const dims = new Set(dimensions(side).map((w) => w.name));
	const sums = new Set(metrics(side).map((w) => w.name));
	return all.filter(
		(s) =>
			(s.sides ?? [side]).includes(side) &&
			s.report.dimensions?.every((d) => dims.has(d)) &&
			(s.report.metrics ?? []).every((m) => sums.has(m)),
	);
}
