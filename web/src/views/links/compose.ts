// How a tracking link is put together. Pure: what a visitor's click may bring is
// said by the node's own limits.

/** The values that a link can bring, in the order in which it brings them. */
export const names = [
	"aff_click_id",
	"source",
	"sub1",
	"sub2",
	"sub3",
	"sub4",
	"sub5",
	"sub6",
	"sub7",
	"sub8",
	"sub9",
	"sub10",
	"url",
] as const;

/** One of the values that a link can bring; url is the deep link. */
export type Name = (typeof names)[number];

/** Values of a link, as they were typed. */
export type Values = Partial<Record<Name, string>>;

/** A macro of somebody else's system, which fills it in before anybody clicks. */
export const macro =
	/\$\{[\w.:-]+\}|\{\{[\w.:-]+\}\}|\{[\w.:-]+\}|\[\[?[\w.:-]+\]\]?|__\w+__|%%[\w.:-]+%%|#[\w.:-]+#|\*\|[\w.:-]+\|\*|<[\w.:-]+>/g;

/**
 * Encodes a value for a link. Macros stay as they are: escaped, the system that
 * is to fill them in would not know them.
 */
export function encode(value: string): string {
	let out = "";
	let at = 0;
	for (const m of value.matchAll(macro)) {
		out += encodeURIComponent(value.slice(at, m.index)) + m[0];
		at = m.index + m[0].length;
	}
	return out + encodeURIComponent(value.slice(at));
}

/** What a link's values are as a query: aff_click_id={clickid}&sub1=may. */
export function queryOfValues(values: Values, but: Name[] = []): string {
	return names
		.filter((n) => !but.includes(n) && values[n]?.trim())
		.map((n) => `${n}=${encode(values[n]?.trim() ?? "")}`)
		.join("&");
}

/** A link with values behind what it holds already. */
export function withValues(link: string, values: Values, but: Name[] = []): string {
	const query = queryOfValues(values, but);
	return query ? `${link}${link.includes("?") ? "&" : "?"}${query}` : link;
}

const html: Record<string, string> = { "&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;" };

/** An impression's tag with values in its address. A view leads nowhere, so it has no deep link. */
export function tagWith(tag: string, values: Values): string {
	const query = queryOfValues(values, ["url"]);
	if (!query) return tag;
	return tag.replace(
		/src="([^"]*)"/,
		(_, src: string) => `src="${src}&amp;${query.replace(/[&"<>]/g, (c) => html[c] ?? c)}"`,
	);
}

/** Why a value is not taken as it is. */
export type Limit = "cut" | "dropped" | "url" | "host" | "long";

// The node's own limits (docs/tracking.md).
const most = 1024;
const mostUrl = 4096;

const size = (s: string) => new TextEncoder().encode(s).length;

/** What would become of a value; undefined where it is taken whole. */
export function limitOf(name: Name, value: string, hosts?: string[]): Limit | undefined {
	const typed = value.trim();
	if (!typed) return undefined;
	if (name === "url") {
		if (size(typed) > mostUrl) return "long";
		const host = hostOf(typed);
		if (!host) return "url";
		return hosts && !allowed(hosts, host) ? "host" : undefined;
	}
	if (size(typed) <= most) return undefined;
	return name === "aff_click_id" ? "dropped" : "cut";
}

function hostOf(typed: string): string {
	try {
		const u = new URL(typed);
		return u.protocol === "http:" || u.protocol === "https:" ? u.hostname.toLowerCase() : "";
	} catch {
		return "";
	}
}

/** Whether a host is one of those that are allowed: exactly, or by *.example.com. */
export function allowed(hosts: string[], host: string): boolean {
	return hosts.some((h) => {
		const one = h.toLowerCase();
		return one.startsWith("*.") ? host.endsWith(one.slice(1)) : host === one;
	});
}

// What a request's first line may have, and what a short link may keep.
const mostLine = 8192;
const mostQuery = 2048;

/** Whether a link is longer than a node takes. */
export const tooLong = (link: string): boolean => size(link) > mostLine - 64;

/** Whether a short link cannot keep these values. */
export const tooLongToShorten = (query: string): boolean => size(query) > mostQuery;

/** The values that stand in a short link's query, for people to read. */
export function valuesOfQuery(query: string): [string, string][] {
	return query
		.split("&")
		.filter(Boolean)
		.map((pair) => {
			const [name = "", ...value] = pair.split("=");
			try {
				return [name, decodeURIComponent(value.join("=").replaceAll("+", " "))];
			} catch {
				return [name, value.join("=")];
			}
		});
}

/** A system that affiliates buy or track their traffic with, and its own click ID. */
export type Source = { name: string; macro: string };

/** Those whose word for the click ID is known. */
export const sources: Source[] = [
	{ name: "Affise", macro: "{clickid}" },
	{ name: "BeMob", macro: "{clickId}" },
	{ name: "Binom", macro: "{clickid}" },
	{ name: "CAKE", macro: "#reqid#" },
	{ name: "ClickFlare", macro: "{cf_click_id}" },
	{ name: "Everflow", macro: "{transaction_id}" },
	{ name: "FunnelFlux Pro", macro: "{hit}" },
	{ name: "Keitaro", macro: "{subid}" },
	{ name: "RedTrack", macro: "{clickid}" },
	{ name: "TUNE (HasOffers)", macro: "{transaction_id}" },
	{ name: "Voluum", macro: "{clickid}" },
	{ name: "Waybill", macro: "{transaction_id}" },
];
