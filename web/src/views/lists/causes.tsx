// Rejected signals by what rejected them: the work list of whoever mends it.
import { RotateCcw, ShieldCheck } from "lucide-preact";
import type { ComponentProps } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type Schema, useRead } from "../../api/client.ts";
import { codeName } from "../../lib/codes.ts";
import { count, plural } from "../../lib/format.ts";
import { may, side, zone } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, When } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty, Notice, Read, Skeleton } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Bar, Filters, useNarrowing } from "./filters.tsx";
import { askOf, stringOf } from "./query.ts";
import { ReplayDialog } from "./replaydialog.tsx";
import { told } from "./words.ts";

const t = text.lists.causes;
const f = text.lists.fields;

const causeBar: Bar = {
	period: "last7",
	fields: [
		{ name: "offer_id", label: f.offer, pick: "offer" },
		{ name: "test", label: f.test, check: true },
	],
};

/** What rejects signals, the largest group first. */
export function Causes() {
	const narrowing = useNarrowing(causeBar);
	const asked = askOf(narrowing.query, causeBar, zone.value);
	const all = useRead(["signals", "causes", stringOf(asked)], (signal) =>
		api.GET("/api/v1/signals/causes", { params: { query: asked as never }, signal }),
	);
	// It stands beside the list: what is judged leaves the list, and its outcome is
	// still to be read.
	const [replaying, setReplaying] = useState<Replaying>();
	return (
		<>
			<Filters bar={causeBar} of={narrowing} />
			<Card flush>
				<Read of={all} wait={<Waiting />}>
					{(list) => (
						<>
							{!list.complete && list.data.length > 0 && (
								<div class="card-none">
									<Notice tone="warn">{t.incomplete}</Notice>
								</div>
							)}
							{list.data.length === 0 ? (
								<Empty icon={ShieldCheck} title={t.empty}>
									{t.emptyHint}
								</Empty>
							) : (
								<ul>
									{list.data.map((c) => (
										<OneCause
											key={`${c.code} ${c.offer_id}`}
											of={c}
											from={list.from}
											until={list.until}
											test={asked.test === "true"}
											onReplay={setReplaying}
										/>
									))}
								</ul>
							)}
						</>
					)}
				</Read>
			</Card>
			{replaying && <ReplayDialog {...replaying} onClose={() => setReplaying(undefined)} />}
		</>
	);
}

function Waiting() {
	return (
		<div class="card-none">
			<Skeleton lines={6} />
		</div>
	);
}

type Cause = Schema["Rejection"];

type Replaying = Omit<ComponentProps<typeof ReplayDialog>, "onClose">;

function OneCause(props: {
	of: Cause;
	from: string;
	until: string;
	test: boolean;
	onReplay: (what: Replaying) => void;
}) {
	const { of: c, from, until, test, onReplay } = props;
	const list = stringOf({
		tab: "all",
		status: "rejected",
		code: c.code,
		from,
		until,
		...(c.offer_id ? { offer_id: String(c.offer_id) } : {}),
		...(test ? { test: "1" } : {}),
	});
	const title = codeName(c.code);
	return (
		<li class="cause">
			<div class="what">
				<div class="row">
					<b class="num">{count(c.count)}</b>
					<h2>
						<Link href={`/signals?${list}`}>{title}</Link>
					</h2>
					{c.offer_id ? <Named kind="offer" id={c.offer_id} /> : <span class="mute">{t.noOffer}</span>}
					{c.replayable && side.value === "network" && <Badge tone="info">{t.mendable}</Badge>}
				</div>
				<p class="break">{said(side.value === "network" ? told(c.hint, c.code) : told(c.message, c.code))}</p>
				<p class="mute small">
					{t.last} <When at={c.last_at} /> · <Link href={`/signals/${c.sample_id}`}>{t.sample}</Link> ·{" "}
					<code>{c.code}</code>
				</p>
			</div>
			<div class="do">
				<Go small to={`/signals?${list}`}>
					{t.list}
				</Go>
				{side.value === "network" && may("write") && c.replayable && (
					<Button
						small
						onClick={() =>
							onReplay({
								title: plural(c.count, c.offer_id ? t.replayTitle : t.replayAllOffers),
								group: {
									from,
									until,
									code: c.code,
									...(c.offer_id ? { offer_id: c.offer_id } : {}),
									...(test ? { test: true } : {}),
								},
								about: c.count,
							})
						}
					>
						<RotateCcw aria-hidden />
						{t.replay}
					</Button>
				)}
			</div>
		</li>
	);
}
