import { Check, Pencil, Undo2, X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Link, useParams } from "wouter-preact";
import { api, type Reading, type Schema, useRead } from "../../api/client.ts";
import { wholeList } from "../../api/record.ts";
import { country, money, none, span, sum } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Id, Status, TraceLink, When } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { Named } from "../../ui/named.tsx";
import { Notice, Read } from "../../ui/notice.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { ClawbackDialog } from "../money/clawback.tsx";
import { askList } from "./ask.ts";
import { ChangeDialog, changeable } from "./changedialog.tsx";
import { History } from "./history.tsx";
import "./lists.css";
import { type Target, waysFrom } from "./review.ts";
import { millis, worded } from "./words.ts";

const t = text.lists.conversion;
const f = text.lists.fields;

type Conversion = Schema["WholeConversion"];

/** Everything about one conversion. */
export default function ConversionPage() {
	const { id = "" } = useParams<{ id: string }>();
	const one = useRead(
		["conversions", id],
		(signal) => api.GET("/api/v1/conversions/{id}", { params: { path: { id } }, signal }),
		{ keep: false },
	);
	const c = one.data;
	return (
		<Page
			title={c?.order_id ? t.order(c.order_id) : t.title}
			crumbs={[{ label: text.lists.conversions.title, to: "/conversions" }]}
			actions={c && <Actions of={c} />}
		>
			<Read of={one}>{(c) => <Whole of={c} />}</Read>
		</Page>
	);
}

function Actions({ of: c }: { of: Conversion }) {
	const [changing, setChanging] = useState<Target | "any">();
	const [taking, setTaking] = useState(false);
	const pays = c.status === "paid" && Number(c.payout?.amount) > 0;
	const ways = waysFrom(c.status);
	const trace = c.touch.transaction_id;
	return (
		<>
			{trace && <Go to={`/trace/${encodeURIComponent(trace)}`}>{t.trace}</Go>}
			{may("write") && side.value !== "affiliate" && changeable(c) && (
				<>
					{ways.includes("rejected") && (
						<Button danger onClick={() => setChanging("rejected")}>
							<X aria-hidden />
							{text.lists.conversions.reject}
						</Button>
					)}
					{ways.includes("approved") && (
						<Button primary onClick={() => setChanging("approved")}>
							<Check aria-hidden />
							{text.lists.conversions.approve}
						</Button>
					)}
					<Button onClick={() => setChanging("any")}>
						<Pencil aria-hidden />
						{t.change}
					</Button>
				</>
			)}
			{may("write") && side.value === "network" && pays && (
				<Button danger onClick={() => setTaking(true)}>
					<Undo2 aria-hidden />
					{text.adjustments.clawback.open}
				</Button>
			)}
			{taking && c.payout && <Clawback of={{ ...c, payout: c.payout }} onClose={() => setTaking(false)} />}
			{changing && (
				<ChangeDialog
					of={c}
					to={changing === "any" ? undefined : changing}
					onClose={() => setChanging(undefined)}
				/>
			)}
		</>
	);
}

function Whole({ of: c }: { of: Conversion }) {
	return (
		<div class="list-two">
			<div class="stack">
				<Card>
					<Amounts of={c} />
				</Card>
				{c.reason === "superseded" && <Notice>{text.lists.superseded}</Notice>}
				{c.status === "paid" && side.value === "network" && <Notice>{t.paid}</Notice>}
				{c.status === "paid" && side.value !== "advertiser" && <TakenBack of={c} />}
				<History of={c} />
				<Entries of={c} />
				<Deliveries of={c} />
			</div>
			<div class="stack">
				<About of={c} />
				<Touched of={c} />
				{c.sightings && <Seen of={c.sightings} status={c.status} />}
				<Sent of={c} />
			</div>
		</div>
	);
}

function Amounts({ of: c }: { of: Conversion }) {
	const one = (name: string, value: ComponentChildren) => (
		<div>
			<div class="name">{name}</div>
			<div class="value">{value}</div>
		</div>
	);
	return (
		<div class="amounts">
			<div>
				<div class="name">{f.status}</div>
				<div class="row tight">
					<Status of={c.status} />
					{c.test && <Badge>{f.testBadge}</Badge>}
				</div>
			</div>
			{one(f.amount, c.amount_known === false ? none : sum(c.amount))}
			{side.value !== "affiliate" &&
				one(side.value === "advertiser" ? f.cost : f.revenue, <Due of={c.revenue} status={c.status} />)}
			{side.value !== "advertiser" && one(f.payout, <Due of={c.payout} status={c.status} />)}
		</div>
	);
}

/** What was taken back of a conversion that was paid. */
function useClawbacks(c: Conversion) {
	const query = { conversion_id: c.id, kind: "clawback" as const };
	return useRead(["adjustments", "of", c.id], (signal) =>
		wholeList((paging) =>
			api.GET("/api/v1/adjustments", { params: { query: { ...query, ...paging } }, signal }),
		),
	);
}

// The dialog needs to know what was taken back before.
function Clawback({ of: c, onClose }: { of: Conversion & { payout: Schema["Money"] }; onClose: () => void }) {
	const before = useClawbacks(c);
	if (!before.data && !before.problem) return null;
	return <ClawbackDialog of={c} before={(before.data ?? []).map((a) => a.amount)} onClose={onClose} />;
}

function TakenBack({ of: c }: { of: Conversion }) {
	const mine = useClawbacks(c).data ?? [];
	if (mine.length === 0) return null;
	return (
		<Card title={text.adjustments.clawback.title_}>
			<ol class="timeline">
				{mine.map((a) => (
					<li key={a.id} class="bad">
						<div>
							<b>{sum(a.amount)}</b> · {said(a.note)}
						</div>
						<div class="mute small">
							<When at={a.created_at} exact />
							{" · "}
							{a.payout_id ? (
								<Link href={`/payouts/${a.payout_id}`}>{text.payouts.pay.payout(a.payout_id)}</Link>
							) : (
								text.adjustments.open
							)}
						</div>
					</li>
				))}
			</ol>
		</Card>
	);
}

// What is rejected is worth nothing, whatever it would have been.
function Due({ of: m, status }: { of: Schema["Money"] | undefined; status: string }) {
	if (!m || status !== "rejected" || Number(m.amount) === 0) return <>{sum(m)}</>;
	return (
		<>
			{money("0", m.currency)} <del class="was">{t.notPaid(sum(m))}</del>
		</>
	);
}

function About({ of: c }: { of: Conversion }) {
	const facts: [string, ComponentChildren][] = [
		[f.offer, <Named key="o" kind="offer" id={c.offer_id} />],
		[f.goal, c.goal],
		[f.order, c.order_id ? <Id of={c.order_id} /> : none],
	];
	if (side.value !== "advertiser" && side.value !== "affiliate")
		facts.push([f.advertiser, <Named key="d" kind="advertiser" id={c.advertiser_id} />]);
	if (side.value !== "affiliate")
		facts.push([f.affiliate, <Named key="a" kind="affiliate" id={c.affiliate_id} />]);
	facts.push(
		[t.happened, <When key="w" at={c.occurred_at} exact />],
		[t.counted, <When key="c" at={c.created_at} exact />],
		[f.channel, worded("channels", c.channel)],
	);
	if (c.payout_id)
		facts.push([
			t.paidBy,
			<Link key="p" href={`/payouts/${c.payout_id}`}>
				{text.payouts.pay.payout(c.payout_id)}
			</Link>,
		]);
	if (c.term) facts.push([t.term, c.term === "offer" ? t.termOffer : c.term]);
	if (c.customer_id) facts.push([t.customer, c.customer_id]);
	if (c.coupon) facts.push([t.coupon, c.coupon]);
	facts.push([t.id, <Id key="i" of={c.id} />]);
	return (
		<Card title={t.about}>
			<Facts of={facts} />
		</Card>
	);
}

function Touched({ of: c }: { of: Conversion }) {
	const u = c.touch;
	const facts: [string, ComponentChildren][] = [];
	const add = (name: string, value: ComponentChildren) => value && facts.push([name, value]);
	add(t.by, worded("by", u.by || "transaction_id"));
	add(f.transaction, u.transaction_id && <TraceLink id={u.transaction_id} />);
	add(t.touchedAt, u.at && <When at={u.at} exact />);
	if (u.at) add(t.between, span(Date.parse(c.occurred_at) - Date.parse(u.at)));
	add(f.affClickId, u.aff_click_id);
	add(f.source, u.source);
	(u.sub ?? []).forEach((v, i) => {
		add(t.sub(i + 1), v);
	});
	add(f.country, u.country && country(u.country));
	add(f.device, [u.device, u.os, u.browser].filter(Boolean).join(", "));
	add(t.address, u.ip);
	add(t.agent, u.user_agent);
	add(f.referrer, u.referrer);
	for (const name of ["gaid", "idfa", "idfv"] as const) add(name.toUpperCase(), u[name]);
	for (const [name, value] of Object.entries(u.ad_ids ?? {})) add(name, value);
	return (
		<Card title={u.kind === "impression" ? t.view : u.kind === "click" ? t.click : t.credit}>
			<div class="stack">
				{u.record_missing && <Notice tone="warn">{t.recordMissing}</Notice>}
				{u.bot && <Notice tone="warn">{t.bot}</Notice>}
				<Facts of={facts} />
			</div>
		</Card>
	);
}

function Seen({ of: s, status }: { of: Schema["Sightings"]; status: string }) {
	const row = (name: string, one: Schema["Sighting"] | undefined, missing: string) =>
		[
			name,
			one ? (
				<>
					<Link href={`/signals/${one.signal_id}`}>
						<When at={one.at} exact />
					</Link>
					<div class="mute small">
						{worded("channels", one.channel)}
						{one.amount ? ` · ${one.amount} ${one.currency ?? ""}` : ""}
					</div>
				</>
			) : (
				<span class="mute">{missing}</span>
			),
		] as [string, ComponentChildren];
	return (
		<Card title={t.seen}>
			<div class="stack">
				<Facts
					of={[
						row(t.server, s.postback, status === "pending" ? t.serverNotYet : t.notSeen),
						row(t.browser, s.pixel, t.notSeen),
						...(s.lag
							? [[t.lag, t.lagBy(span(millis(s.lag)), s.first === "pixel")] as [string, ComponentChildren]]
							: []),
					]}
				/>
				{s.differences.map((d) => (
					<Notice key={d.field} tone="warn">
						{t.differs(text.lists.differs[d.field], d.pixel, d.postback)}
					</Notice>
				))}
			</div>
		</Card>
	);
}

// What the advertiser sent with it.
function Sent({ of: c }: { of: Conversion }) {
	const facts: [string, ComponentChildren][] = [];
	(c.adv ?? []).forEach((v, i) => {
		if (v) facts.push([`adv${i + 1}`, v]);
	});
	for (const [name, value] of Object.entries(c.extra ?? {})) facts.push([name, value]);
	if (c.items) facts.push([t.items, <code key="i">{c.items}</code>]);
	if (facts.length === 0) return null;
	return (
		<Card title={t.sent}>
			<Facts of={facts} />
		</Card>
	);
}

function Entries({ of: c }: { of: Conversion }) {
	const all = useRead(["entries", c.id], (signal) =>
		api.GET("/api/v1/entries", { params: { query: { conversion_id: c.id } }, signal }),
	);
	const columns: Column<Schema["Entry"]>[] = [
		{ key: "at", head: f.time, cell: (e) => <When at={e.at} /> },
		{
			key: "reason",
			head: t.reason,
			cell: (e) => worded("events", e.reason),
		},
		{
			key: "party",
			head: t.account,
			cell: (e) => worded("parties", e.account.party),
		},
		{
			key: "book",
			head: t.book,
			cell: (e) => text.status[e.account.book as keyof typeof text.status] ?? e.account.book,
		},
		{ key: "amount", head: t.booked, end: true, cell: (e) => sum(e.amount) },
	];
	return (
		<Card title={t.entries} flush footer={<span class="mute small">{t.signs[side.value]}</span>}>
			<Read of={all as Reading<Schema["EntryList"]>}>
				{(list) => (
					<Table
						caption={t.entries}
						columns={columns}
						rows={list.data}
						rowKey={(_, i) => i}
						empty={<p class="card-none mute">{t.noEntries}</p>}
					/>
				)}
			</Read>
		</Card>
	);
}

function Deliveries({ of: c }: { of: Conversion }) {
	const all = useRead(["deliveries", "of", c.id], (signal) =>
		askList<Schema["ListedDelivery"]>("/api/v1/deliveries", { conversion_id: c.id }, undefined, signal),
	);
	const columns: Column<Schema["ListedDelivery"]>[] = [
		{
			key: "at",
			head: t.owed,
			cell: (d) => (
				<Link class="lead-link" href={`/deliveries/${d.id}`}>
					<When at={d.created_at} />
				</Link>
			),
		},
		{
			key: "event",
			head: f.event,
			cell: (d) => worded("events", d.event),
		},
		{ key: "state", head: f.state, cell: (d) => <Status of={d.state} /> },
		{ key: "host", head: f.host, cell: (d) => d.host ?? none },
		{ key: "attempts", head: f.attempts, end: true, cell: (d) => d.attempts },
	];
	return (
		<Card title={t.deliveries} flush class="calm">
			<Read of={all}>
				{(list) => (
					<Table
						caption={t.deliveries}
						columns={columns}
						rows={list.data}
						rowKey={(d) => d.id}
						empty={<p class="card-none mute">{t.noDeliveries}</p>}
					/>
				)}
			</Read>
		</Card>
	);
}
