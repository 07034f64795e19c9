// Postbacks that were given up, by destination and cause.

import { RotateCcw, SendHorizontal } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { count, plural } from "../../lib/format.ts";
import { may } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { When } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { Empty, Failed, Skeleton } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { TableFoot } from "../../ui/table.tsx";
import { BulkDialog } from "./bulkdialog.tsx";
import { type Bar, Filters, useNarrowing } from "./filters.tsx";
import { RunningJobs } from "./jobs.tsx";
import { Owner, useSubscriptionName } from "./owner.tsx";
import { stringOf } from "./query.ts";

const t = text.lists.dead;
const f = text.lists.fields;

type Group = Schema["DeadLetters"];

const deadBar: Bar = {
	period: "",
	fields: [
		{ name: "offer_id", label: f.offer, pick: "offer" },
		{ name: "affiliate_id", label: f.affiliate, pick: "affiliate", sides: ["network"] },
		{ name: "host", label: f.host, text: true },
		{ name: "subscription_id", label: f.subscriptionNumber, text: true, more: true },
		{ name: "advertiser_id", label: f.advertiser, pick: "advertiser", sides: ["network"], more: true },
	],
};

/** What was given up, the largest group first. */
export function DeadLetters() {
	const narrowing = useNarrowing(deadBar);
	const { asked } = narrowing;
	const all = usePages<Group>(["deliveries", "dead", stringOf(asked)], (cursor, signal) =>
		api.GET("/api/v1/deliveries/dead", { params: { query: { ...asked, cursor } as never }, signal }),
	);
	return (
		<>
			<RunningJobs />
			<Filters bar={deadBar} of={narrowing} />
			<Card flush>
				{all.problem && all.rows.length === 0 ? (
					<Failed problem={all.problem} again={all.again} />
				) : all.loading ? (
					<div class="card-none">
						<Skeleton lines={6} />
					</div>
				) : all.rows.length === 0 ? (
					<Empty icon={SendHorizontal} title={t.empty}>
						{t.emptyHint}
					</Empty>
				) : (
					<>
						<ul>
							{all.rows.map((g) => (
								<OneGroup key={g.example} of={g} asked={asked} />
							))}
						</ul>
						{all.next && (
							<TableFoot shown={all.rows.length} next={all.next} onMore={all.more} busy={all.busy} />
						)}
					</>
				)}
			</Card>
		</>
	);
}

function OneGroup({ of: g, asked }: { of: Group; asked: Record<string, unknown> }) {
	const [replaying, setReplaying] = useState(false);
	const name = useSubscriptionName(g.subscription_id);
	const cause = g.http_status
		? t.answered(g.http_status)
		: (text.lists.errors[g.error as never] ?? g.error ?? t.unknown);
	const list = stringOf({
		tab: "all",
		state: "dead",
		subscription_id: String(g.subscription_id),
		...(g.error ? { error: g.error } : {}),
		...(g.http_status ? { http_status: String(g.http_status) } : {}),
	});
	const { dry_run: _, ...replay } = g.replay;
	const narrowed = Object.fromEntries(
		["from", "until", "offer_id", "affiliate_id", "advertiser_id"]
			.filter((k) => asked[k])
			.map((k) => [k, k.endsWith("_id") ? Number(asked[k]) : asked[k]]),
	);
	return (
		<li class="cause">
			<div class="what">
				<div class="row">
					<b class="num">{count(g.count)}</b>
					<h2>
						<Link href={`/deliveries?${list}`}>{cause}</Link>
					</h2>
					<Link href={`/postbacks/${g.subscription_id}`}>
						{said(g.name || name || t.subscription(g.subscription_id))}
					</Link>
					{g.host && <span class="mute break">{said(g.host)}</span>}
				</div>
				<p class="break">{said(g.hint)}</p>
				<p class="mute small">
					<Owner of={g.owner} /> · {t.since} <When at={g.oldest_at} /> · {t.last} <When at={g.newest_at} /> ·{" "}
					<Link href={`/deliveries/${g.example}`}>{text.lists.causes.sample}</Link>
				</p>
			</div>
			<div class="do">
				<Go small to={`/deliveries?${list}`}>
					{text.lists.causes.list}
				</Go>
				{may("write") && (
					<Button small onClick={() => setReplaying(true)}>
						<RotateCcw aria-hidden />
						{t.replay}
					</Button>
				)}
			</div>
			{replaying && (
				<BulkDialog
					action="replay"
					title={plural(g.count, t.replayTitle)}
					filter={{ ...replay, ...narrowed } as never}
					onClose={() => setReplaying(false)}
				/>
			)}
		</li>
	);
}
