// What a report can be made of, and for whom. The API refuses what a side may not
// ask for; here it is left out.
import type { Side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";

const t = text.reports;

/** What the values of a dimension or a metric are. */
export type Kind = "time" | "id" | "text" | "flag" | "count" | "money" | "percent" | "rate";

/** A dimension or a metric. */
export type Word = {
	name: string;
	label: string;
	group: string;
	kind: Kind;
	hint?: string;
	/** Less of it is better. */
	down?: boolean;
};

type Row = [name: string, kind: Kind, group: keyof typeof t.groups, hidden?: Side[]];

const ten = Array.from({ length: 10 }, (_, i) => String(i + 1));
const fromAffiliates: Side[] = ["affiliate"];
const fromAdvertisers: Side[] = ["advertiser"];
const fromPartners: Side[] = ["affiliate", "advertiser"];

const dimensionRows: Row[] = [
	["hour", "time", "time"],
	["day", "time", "time"],
	["week", "time", "time"],
	["month", "time", "time"],
	["offer", "id", "who"],
	["advertiser", "id", "who", fromPartners],
	["affiliate", "id", "who", fromAffiliates],
	["goal", "id", "who"],
	["source", "text", "who", fromAdvertisers],
	["link", "text", "who", fromAdvertisers],
	["country", "text", "visitor"],
	["region", "text", "visitor"],
	["device", "text", "visitor"],
	["os", "text", "visitor"],
	["browser", "text", "visitor"],
	["is_bot", "flag", "visitor"],
	["turned_away", "text", "visitor"],
	["status", "text", "record"],
	["code", "text", "record"],
	["channel", "text", "record"],
	["attribution", "text", "record"],
	["currency", "text", "record"],
	["test", "flag", "record"],
	...ten.map((n): Row => [`sub${n}`, "text", "subs", fromAdvertisers]),
	...ten.map((n): Row => [`adv${n}`, "text", "advs", fromAffiliates]),
];

const metricRows: Row[] = [
	["clicks", "count", "visits"],
	["unique_clicks", "count", "visits"],
	["gross_clicks", "count", "visits"],
	["bot_clicks", "count", "visits"],
	["blocked_clicks", "count", "visits"],
	["impressions", "count", "visits"],
	["conversions", "count", "conversions"],
	["approved", "count", "conversions"],
	["pending", "count", "conversions"],
	["rejected", "count", "conversions"],
	["gross_conversions", "count", "conversions"],
	["view_through", "count", "conversions"],
	["revenue", "money", "money", fromAffiliates],
	["payout", "money", "money", fromAdvertisers],
	["profit", "money", "money", fromPartners],
	["amount", "money", "money"],
	["pending_revenue", "money", "money", fromAffiliates],
	["pending_payout", "money", "money", fromAdvertisers],
	["pending_amount", "money", "money"],
	["cr", "percent", "rates"],
	["ctr", "percent", "rates"],
	["epc", "rate", "rates", fromAdvertisers],
	["rpc", "rate", "rates", fromAffiliates],
	["cpa", "rate", "rates", fromAdvertisers],
	["rpa", "rate", "rates", fromAffiliates],
	["ecpm", "rate", "rates", fromAdvertisers],
	["rpm", "rate", "rates", fromAffiliates],
	["signals", "count", "signals"],
	["rejected_signals", "count", "signals"],
];

const lessIsBetter = new Set(["rejected", "rejected_signals", "bot_clicks", "blocked_clicks"]);

function labelOf(name: string): string {
	const free = /^(sub|adv)(\d+)$/.exec(name);
	if (free) return free[1] === "sub" ? t.sub(free[2] ?? "") : t.adv(free[2] ?? "");
	return t.dims[name] ?? t.metrics[name] ?? name;
}

const wordOf = ([name, kind, group]: Row): Word => ({
	name,
	kind,
	label: labelOf(name),
	group: t.groups[group],
	hint: t.hints[name],
	down: lessIsBetter.has(name),
});

const seenBy = (side: Side, rows: Row[]) => rows.filter((r) => !r[3]?.includes(side)).map(wordOf);

const all = new Map([...dimensionRows, ...metricRows].map((r) => [r[0], wordOf(r)]));

/** What rows can be by, for a side. */
export const dimensions = (side: Side): Word[] => seenBy(side, dimensionRows);

/** What can be counted, for a side. */
export const metrics = (side: Side): Word[] => seenBy(side, metricRows);

/** A dimension or metric by its name. */
export const word = (name: string): Word =>
	all.get(name) ?? { name, label: labelOf(name), group: "", kind: "text" };

/** Whether rows are by time with it. */
export const isTime = (name: string): boolean => word(name).kind === "time";

/** Whether it stands for an amount, so that there must be one currency. */
export const isMoney = (name: string): boolean => ["money", "rate"].includes(word(name).kind);

/** The columns of a report that nobody has chosen. */
export function usualMetrics(side: Side): string[] {
	const money = {
		network: ["revenue", "payout", "profit", "cr", "epc"],
		advertiser: ["revenue", "amount", "cr", "rpc"],
		affiliate: ["payout", "cr", "epc"],
	}[side];
	return ["clicks", "conversions", ...money];
}
