import { ChevronRight, RotateCcw, Undo2 } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { Link, useParams } from "wouter-preact";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { none, span } from "../../lib/format.ts";
import { may } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Code, Id, Status, TraceLink, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { ask } from "../../ui/dialog.tsx";
import { Notice, Read } from "../../ui/notice.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { toast } from "../../ui/toast.tsx";
import "./lists.css";
import { said } from "../../ui/said.tsx";
import { SubscriptionName } from "./owner.tsx";
import { millis, sentence, worded } from "./words.ts";

const t = text.lists.delivery;
const f = text.lists.fields;

type Delivery = Schema["DeliveryWithAttempts"];
type Attempt = Schema["Attempt"];

/** One owed postback: its attempts and what comes next. */
export default function DeliveryPage() {
	const { id = "" } = useParams<{ id: string }>();
	const one = useRead(
		["deliveries", id],
		(signal) => api.GET("/api/v1/deliveries/{id}", { params: { path: { id } }, signal }),
		{ keep: false, every: 5000 },
	);
	return (
		<Page
			title={one.data ? t.titleOf(worded("events", one.data.event)) : t.title}
			crumbs={[{ label: text.lists.deliveries.title, to: "/deliveries?tab=all" }]}
			actions={one.data && <Actions of={one.data} />}
		>
			<Read of={one}>{(d) => <Whole of={d} />}</Read>
		</Page>
	);
}

const touches = ["deliveries", "destinations", "overview"];

function Actions({ of: d }: { of: Delivery }) {
	const path = { id: d.id };
	const replay = useChange(() => api.POST("/api/v1/deliveries/{id}/replay", { params: { path } }), {
		touches,
	});
	const withdraw = useChange(() => api.POST("/api/v1/deliveries/{id}/withdraw", { params: { path } }), {
		touches,
	});
	if (!may("write")) return null;
	const waits = d.state === "waiting";
	return (
		<>
			{(waits || d.state === "parked") && (
				<Button
					danger
					busy={withdraw.busy}
					onClick={async () => {
						if (await withdraw.run()) toast(t.withdrawn, { undo: () => void replay.run() });
					}}
				>
					<Undo2 aria-hidden />
					{t.withdraw}
				</Button>
			)}
			{!waits && (
				<Button
					primary={d.state !== "delivered"}
					busy={replay.busy}
					onClick={async () => {
						const again =
							d.state !== "delivered" ||
							(await ask({ title: t.sendTwice, body: <p>{t.sendTwiceHint}</p>, yes: t.replay }));
						if (again && (await replay.run())) toast(t.replayed, { undo: () => void withdraw.run() });
					}}
				>
					<RotateCcw aria-hidden />
					{t.replay}
				</Button>
			)}
		</>
	);
}

function Whole({ of: d }: { of: Delivery }) {
	const tries = [...d.tries].reverse();
	return (
		<div class="list-two">
			<div class="stack">
				{d.next && <Coming of={d.next} />}
				<Card title={t.attempts} flush>
					{tries.length === 0 ? (
						<p class="card-none mute">{d.attempts > 0 ? t.triesGone : t.noTries}</p>
					) : (
						tries.map((a, i) => <OneAttempt key={a.number} of={a} open={i === 0} />)
					)}
				</Card>
			</div>
			<div class="stack">
				<About of={d} />
				<Card title={t.values}>
					<Facts
						of={Object.entries(d.values).map(([name, value]) => [
							<code key="n">{name}</code>,
							value === "" ? <span class="mute">{text.lists.signal.emptyValue}</span> : value,
						])}
					/>
				</Card>
			</div>
		</div>
	);
}

function Coming({ of: n }: { of: Schema["DeliveryNext"] }) {
	return (
		<Notice
			tone={n.waits_for === "time" || n.waits_for === "turn" || n.waits_for === "answer" ? "info" : "warn"}
		>
			<b>
				{t.waits[n.waits_for]} {n.at && <When at={n.at} exact />}
			</b>
			<p>
				{n.text} {n.behind && <Link href={`/deliveries/${n.behind}`}>{t.behind}</Link>}
			</p>
		</Notice>
	);
}

function About({ of: d }: { of: Delivery }) {
	const facts: [string, ComponentChildren][] = [
		[
			f.state,
			<span key="s" class="row tight">
				<Status of={d.state} />
				{d.test && <Badge>{f.testBadge}</Badge>}
			</span>,
		],
		[
			f.subscription,
			<Link key="p" href={`/postbacks/${d.subscription_id}`}>
				<SubscriptionName id={d.subscription_id} />
			</Link>,
		],
	];
	if (d.host) facts.push([f.host, d.host]);
	facts.push(
		[
			f.conversion,
			<Link key="c" class="id" href={`/conversions/${d.conversion_id}`}>
				{d.conversion_id}
			</Link>,
		],
		[f.transaction, <TraceLink key="t" id={d.transaction_id} />],
		[t.sequence, d.sequence],
		[f.made, <When key="m" at={d.created_at} exact />],
	);
	if (d.done_at) facts.push([t.over, <When key="o" at={d.done_at} exact />]);
	if (d.replayed) facts.push([t.replayedTimes, d.replayed]);
	facts.push([t.id, <Id key="i" of={d.id} />]);
	return (
		<Card title={t.about}>
			<Facts of={facts} />
		</Card>
	);
}

function OneAttempt({ of: a, open }: { of: Attempt; open: boolean }) {
	const headers = Object.entries(a.request_headers ?? {});
	const request = [
		`${a.method} ${a.url}`,
		...headers.map(([name, value]) => `${name}: ${value}`),
		...(a.request_body ? ["", a.request_body] : []),
	].join("\n");
	return (
		<details class="attempt" open={open}>
			<summary>
				<ChevronRight aria-hidden />
				<b>{t.attempt(a.number)}</b>
				{a.error ? (
					<Badge tone="bad">{worded("errors", a.error)}</Badge>
				) : (
					<Badge tone="good">{text.status.delivered}</Badge>
				)}
				{a.status ? <span class="num">HTTP {a.status}</span> : <span class="mute">{t.noAnswer}</span>}
				<span class="mute">
					<When at={a.at} exact /> · {span(millis(a.took))}
				</span>
			</summary>
			<div class="body stack">
				{a.error && (
					<Notice tone="bad">
						{a.detail && <p class="break">{said(sentence(a.detail))}</p>}
						{a.hint && <p>{said(a.hint)}</p>}
					</Notice>
				)}
				<div class="stack tight">
					<h3>{t.request}</h3>
					<Code label={t.request} of={request} wrap />
				</div>
				<div class="stack tight">
					<h3>{t.answer}</h3>
					{a.body ? (
						<Code label={t.answer} of={a.body} wrap />
					) : (
						<p class="mute">{a.status ? t.emptyAnswer : none}</p>
					)}
				</div>
			</div>
		</details>
	);
}
