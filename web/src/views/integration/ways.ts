// The ways in which an advertiser reports conversions, and the code for each.
import type { Schema } from "../../api/client.ts";

/** A way to report conversions. */
export type Way = "server" | "pixel" | "sdk" | "both";

type Snippet = Schema["Snippet"];

/** The ways that an offer's channels allow. A server beside a browser loses nothing. */
export function waysOf(channels: string[]): Way[] {
	const on = (c: string) => channels.includes(c);
	const all: Way[] = [];
	if (on("postback")) all.push("server");
	if (on("pixel")) all.push("pixel");
	if (on("sdk")) all.push("sdk");
	if (on("postback") && (on("pixel") || on("sdk"))) all.push("both");
	return all;
}

/** The channels that a way needs, in the order in which they are set up. */
export function channelsOf(way: Way, channels: string[]): string[] {
	switch (way) {
		case "server":
			return ["postback"];
		case "pixel":
			return ["pixel"];
		case "sdk":
			return ["sdk"];
		case "both":
			return ["postback", channels.includes("pixel") ? "pixel" : "sdk"];
	}
}

/** A snippet for a URL that a shop system calls by itself. */
export const urlId = "url";

/** The snippets of one channel. To those for servers the bare URL is added. */
export function snippetsOf(all: Snippet[], channel: string, url: string, title: string): Snippet[] {
	const found = all.filter((s) => s.channel === channel);
	if (channel !== "postback" || !url) return found;
	return [...found, { id: urlId, title, channel, language: "text", file: "", code: url }];
}

/** The parameter in which a landing page is told the transaction ID; empty where it is not told. */
export function parameterOf(destination: string | undefined): string {
	return /[?&]([^=&#]+)=\{transaction_id(?:\|[^}]*)?\}/.exec(destination ?? "")?.[1] ?? "";
}
