import { RotateCcw } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Link, useParams } from "wouter-preact";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { codeName } from "../../lib/codes.ts";
import { none } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Code, Id, Status, TraceLink, When } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { CheckField } from "../../ui/form.tsx";
import { Named } from "../../ui/named.tsx";
import { Notice, Read, Skeleton } from "../../ui/notice.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";
import "./lists.css";
import { isAboutSender, isId, partOf, sentence, told, worded } from "./words.ts";

const t = text.lists.signal;
const f = text.lists.fields;

type Signal = Schema["Signal"];
type Verdict = Schema["SignalVerdict"];

/** One signal: as it came, and the verdict on it. */
export default function SignalPage() {
	const { id = "" } = useParams<{ id: string }>();
	const one = useRead(
		["signals", id],
		(signal) => api.GET("/api/v1/signals/{id}", { params: { path: { id } }, signal }),
		{ keep: false },
	);
	return (
		<Page
			title={one.data ? t.titleOf(codeName(one.data.verdict.code)) : t.title}
			crumbs={[{ label: text.lists.signals.title, to: "/signals?tab=all" }]}
			actions={one.data && <Actions of={one.data} />}
		>
			<Read of={one}>{(s) => <Whole of={s} />}</Read>
		</Page>
	);
}

function Actions({ of: s }: { of: Signal }) {
	const [judging, setJudging] = useState(false);
	const id = s.verdict.transaction_id ?? s.transaction_id;
	const again = s.verdict.status === "rejected" && may("write") && side.value !== "affiliate";
	return (
		<>
			{isId(id) && <Go to={`/trace/${id}`}>{text.lists.conversion.trace}</Go>}
			{again && (
				<Button primary onClick={() => setJudging(true)}>
					<RotateCcw aria-hidden />
					{t.again}
				</Button>
			)}
			{judging && <AgainDialog of={s} onClose={() => setJudging(false)} />}
		</>
	);
}

function Whole({ of: s }: { of: Signal }) {
	return (
		<div class="list-two">
			<div class="stack">
				<Decided of={s} />
				{(s.verdict.candidates?.length ?? 0) > 0 && (
					<Card title={t.candidates} flush>
						<Candidates of={s.verdict.candidates ?? []} />
					</Card>
				)}
				{(s.earlier_verdicts?.length ?? 0) > 0 && <Earlier of={s.earlier_verdicts ?? []} />}
				{side.value !== "affiliate" && <Came of={s} />}
			</div>
			<div class="stack">
				<About of={s} />
				<Said title={t.parameters} of={s.parameters} />
				<Said title={t.extra} hint={t.extraHint} of={s.extra} />
			</div>
		</div>
	);
}

const tones: Record<string, "good" | "bad" | "info"> = { accepted: "good", updated: "good", rejected: "bad" };

function Decided({ of: s }: { of: Signal }) {
	const v = s.verdict;
	return (
		<Card title={t.verdict}>
			<div class="stack">
				<Notice tone={tones[v.status] ?? "info"}>
					<div class="row">
						<Status of={v.status} />
						<b>{codeName(v.code)}</b>
						{v.test && <Badge>{f.testBadge}</Badge>}
					</div>
					<p>{said(told(v.message, v.code))}</p>
				</Notice>
				<WhereToLook of={v} />
				<VerdictFacts of={v} />
			</div>
		</Card>
	);
}

// The part of the offer where what was wrong is set.
function WhereToLook({ of: v }: { of: Verdict }) {
	const part = v.status === "rejected" ? partOf(v.code) : undefined;
	const theirs = side.value === "advertiser" && part !== "caps";
	if (!part || !v.offer_id || !(side.value === "network" || theirs)) return null;
	return (
		<p>
			<Link href={`/offers/${v.offer_id}/${part}`}>{t.look[part]}</Link>
		</p>
	);
}

function VerdictFacts({ of: v }: { of: Verdict }) {
	const facts: [string, ComponentChildren][] = [];
	if (v.rule) facts.push([t.rule, sentence(v.rule)]);
	if (v.conversion_id)
		facts.push([
			f.conversion,
			<Link key="c" class="id" href={`/conversions/${v.conversion_id}`}>
				{v.conversion_id}
			</Link>,
		]);
	if (v.offer_id) facts.push([f.offer, <Named key="o" kind="offer" id={v.offer_id} />]);
	facts.push([f.code, <code key="k">{v.code}</code>]);
	if (v.settled_at) facts.push([t.settled, <When key="s" at={v.settled_at} exact />]);
	return <Facts of={facts} />;
}

function Candidates({ of: all }: { of: Schema["Considered"][] }) {
	const columns: Column<Schema["Considered"]>[] = [
		{
			key: "by",
			head: t.by,
			cell: (c) => (
				<>
					{worded("by", c.by)}
					{c.named && <span class="mute"> {c.named}</span>}
				</>
			),
		},
		{
			key: "touch",
			head: t.touch,
			cell: (c) =>
				isId(c.transaction_id) ? (
					<>
						<TraceLink id={c.transaction_id} short /> <span class="mute small">{c.kind}</span>
					</>
				) : (
					none
				),
		},
		{ key: "affiliate", head: f.affiliate, cell: (c) => <Named kind="affiliate" id={c.affiliate_id} /> },
		{
			key: "won",
			head: t.result,
			wrap: true,
			cell: (c) => (
				<>
					{c.won ? <Badge tone="good">{t.won}</Badge> : <Badge>{t.lost}</Badge>}{" "}
					{said(sentence(c.lost || c.rule))}
				</>
			),
		},
	];
	return <Table caption={t.candidates} columns={columns} rows={all} rowKey={(_, i) => i} />;
}

function Earlier({ of: all }: { of: Schema["EarlierVerdict"][] }) {
	return (
		<Card title={t.earlier}>
			<ol class="timeline">
				{all.map((e) => (
					<li key={e.replaced_at} class={e.status === "rejected" ? "bad" : ""}>
						<div class="row">
							<Status of={e.status} /> <b>{codeName(e.code)}</b>
						</div>
						<div>{said(told(e.message, e.code))}</div>
						{e.rule && <div class="mute">{sentence(e.rule)}</div>}
						<div class="mute small">
							{t.replaced} <When at={e.replaced_at} exact />
							{e.by && ` · ${e.by}`}
							{e.trusted && ` · ${t.vouched}`}
						</div>
					</li>
				))}
			</ol>
		</Card>
	);
}

function Came({ of: s }: { of: Signal }) {
	if (s.record_gone)
		return (
			<Card title={t.request}>
				<Notice>{t.gone}</Notice>
			</Card>
		);
	const line = [s.method, s.path].filter(Boolean).join(" ");
	return (
		<Card title={t.request}>
			<div class="stack">
				{s.malformed && <Notice tone="bad">{sentence(s.malformed)}</Notice>}
				{s.auth && s.auth !== "ok" && <Notice tone="warn">{t.doubted(codeName(s.auth))}</Notice>}
				<Code label={t.raw} of={s.raw ? `${line}\n\n${s.raw}` : line || none} wrap />
				<p class="mute small">{t.masked}</p>
				{(s.marks?.length ?? 0) > 0 && (
					<p class="small">
						{t.marks} {s.marks?.map((m) => m.replaceAll("_", " ")).join(", ")}
					</p>
				)}
			</div>
		</Card>
	);
}

function About({ of: s }: { of: Signal }) {
	const facts: [string, ComponentChildren][] = [
		[f.received, <When key="r" at={s.received_at} exact />],
		[f.channel, worded("channels", s.channel)],
	];
	const id = s.verdict.transaction_id ?? s.transaction_id;
	if (id)
		facts.push([f.transaction, isId(id) ? <TraceLink key="t" id={id} /> : <span class="break">{id}</span>]);
	if (s.auth === "ok") facts.push([t.sender, t.believed]);
	if (s.ip)
		facts.push([
			t.address,
			<Link key="i" href={`/signals?tab=all&ip=${encodeURIComponent(s.ip)}`} title={t.sameAddress}>
				{s.ip}
			</Link>,
		]);
	if (s.user_agent) facts.push([t.agent, s.user_agent]);
	if (s.referrer) facts.push([f.referrer, s.referrer]);
	if (s.index > 0) facts.push([t.index, s.index + 1]);
	facts.push([t.id, <Id key="id" of={s.id} />]);
	return (
		<Card title={t.about}>
			<Facts of={facts} />
		</Card>
	);
}

function Said(props: { title: string; hint?: string; of: Record<string, string> | undefined }) {
	const all = Object.entries(props.of ?? {});
	if (all.length === 0) return null;
	return (
		<Card title={props.title}>
			<div class="stack tight">
				{props.hint && <p class="mute small">{props.hint}</p>}
				<Facts
					of={all.map(([name, value]) => [
						<code key="n">{name}</code>,
						value === "" ? <span class="mute">{t.emptyValue}</span> : value,
					])}
				/>
			</div>
		</Card>
	);
}

// Says what would come of judging again, then does it.
function AgainDialog({ of: s, onClose }: { of: Signal; onClose: () => void }) {
	const [trust, setTrust] = useState(false);
	const path = { id: s.id };
	const trusting = trust ? { trust: true } : {};
	const would = useRead(
		["replaying", s.id, trust, s.verdict.settled_at],
		(signal) =>
			api.POST("/api/v1/signals/{id}/replay", {
				params: { path },
				body: { dry_run: true, ...trusting },
				signal,
			}),
		{ keep: false },
	);
	const judge = useChange(
		() => api.POST("/api/v1/signals/{id}/replay", { params: { path }, body: trusting }),
		{ touches: ["signals", "conversions", "deliveries", "overview", "trace", "balances"] },
	);
	const run = async () => {
		const got = await judge.run();
		if (!got) return;
		onClose();
		toast(t.judged(text.status[got.verdict.status as keyof typeof text.status] ?? got.verdict.status));
	};
	const v = would.data?.verdict;
	const stays = v?.status === "rejected";
	return (
		<Dialog
			title={t.againTitle}
			onClose={onClose}
			onSubmit={run}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button primary type="submit" busy={judge.busy} disabled={!v || (stays && !would.data?.changed)}>
						{t.again}
					</Button>
				</>
			}
		>
			<Read of={would} wait={<Skeleton lines={3} />}>
				{(r) => (
					<>
						<p>{stays ? t.wouldStay : t.wouldBe}</p>
						<Notice tone={tones[r.verdict.status] ?? "info"}>
							<div class="row">
								<Status of={r.verdict.status} />
								<b>{codeName(r.verdict.code)}</b>
							</div>
							<p>{said(told(r.verdict.message, r.verdict.code))}</p>
						</Notice>
						{!stays && <p class="mute small">{text.lists.replay.lasting}</p>}
					</>
				)}
			</Read>
			{side.value === "network" && isAboutSender(s.verdict.code) && (
				<CheckField
					label={text.lists.replay.trust}
					hint={text.lists.replay.trustHint}
					value={trust}
					onValue={setTrust}
				/>
			)}
		</Dialog>
	);
}
