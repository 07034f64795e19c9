import { Link } from "wouter-preact";
import type { Schema } from "../../api/client.ts";
import { count } from "../../lib/format.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge } from "../../ui/bits.tsx";
import { Card } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";

const t = text.work.discrepancies;

/** What pixel and postback said of the same conversions. */
export type Found = Schema["Discrepancy"];
type Cause = Schema["Cause"];

// The channels that each side is heard by.
const doors: Record<string, string> = { pixel: "pixel,sdk", postback: "postback,import,api" };

/** The page that lists the signals of a channel, or those that were refused for a reason. */
export function signalsOf(d: Found, channel: string, offer: string, code?: string): string {
	const q = new URLSearchParams({ tab: "all", from: d.from, to: d.to, tz: d.tz });
	q.append("filter", `channel=${doors[channel] ?? channel}`);
	if (code) q.append("filter", `code=${code}`);
	if (offer) q.append("filter", `offer=${offer}`);
	return `/signals?${q}`;
}

/** Why a channel's word is missing, and what to do about it. */
export function Causes({ found: d, offer }: { found: Found; offer: string }) {
	const causes = [...d.total.causes].sort((a, b) => b.conversions - a.conversions);
	return (
		<Card flush title={t.causes}>
			<Table
				caption={t.causes}
				rows={causes}
				rowKey={(c) => `${c.channel} ${c.cause} ${c.code}`}
				empty={<p class="mute body">{t.causesNone}</p>}
				columns={[
					{ key: "channel", head: t.missing, cell: (c) => t.channel[c.channel] ?? c.channel },
					{
						key: "cause",
						head: t.cause,
						cell: (c) => (
							<span class="row keep">
								<Badge tone={toneOf(c)}>{t.why[c.cause] ?? c.cause}</Badge>
								{c.code && <code>{c.code}</code>}
							</span>
						),
					},
					{ key: "n", head: t.count, end: true, cell: (c) => count(c.conversions) },
					{ key: "fix", head: t.what, wrap: true, cell: fixOf },
					{
						key: "show",
						head: t.signalsHead,
						cell: (c) =>
							c.code ? <Link href={signalsOf(d, c.channel, offer, c.code)}>{t.signals}</Link> : null,
					},
				]}
			/>
		</Card>
	);
}

const toneOf = (c: Cause) => (c.cause === "recent" ? "mute" : c.cause === "rejected" ? "bad" : "warn");

function fixOf(c: Cause): string {
	const name = c.cause === "never_came" ? `never_came_${c.channel}` : c.cause;
	return (side.value === "advertiser" && t.own[name]) || (t.fix[name] ?? "");
}
