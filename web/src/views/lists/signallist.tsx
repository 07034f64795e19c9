// All signals, whatever became of them.
import { useEffect, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import type { Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { codeName } from "../../lib/codes.ts";
import { plainly } from "../../lib/hidden.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Status, TraceLink, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Paged } from "../../ui/list.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { askList } from "./ask.ts";
import { AsOf } from "./asof.tsx";
import { Csv } from "./csv.tsx";
import { type Bar, Filters, type Narrowing, useNarrowing } from "./filters.tsx";
import { stringOf } from "./query.ts";
import { isId, sentence, told, worded } from "./words.ts";

const t = text.lists.signals;
const f = text.lists.fields;

type Row = Schema["SignalVerdict"];

const choicesOf = (all: Record<string, string>) =>
	Object.entries(all).map(([value, label]) => ({ value, label }));

/** By what signals can be narrowed. */
export const signalBar: Bar = {
	period: "",
	fields: [
		{ name: "q", label: f.search, search: true, sides: ["network", "advertiser"] },
		{
			name: "status",
			dim: "status",
			label: f.status,
			choices: (["accepted", "updated", "duplicate", "rejected"] as const).map((s) => ({
				value: s,
				label: text.status[s],
			})),
		},
		{ name: "code", dim: "code", label: f.code, choices: choicesOf(text.lists.codes) },
		{
			name: "channel",
			dim: "channel",
			label: f.channel,
			choices: choicesOf(text.lists.channels),
			more: true,
		},
		{ name: "offer_id", dim: "offer", label: f.offer, pick: "offer", more: true },
		{
			name: "affiliate_id",
			dim: "affiliate",
			label: f.affiliate,
			pick: "affiliate",
			sides: ["network"],
			more: true,
		},
		{
			name: "advertiser_id",
			dim: "advertiser",
			label: f.advertiser,
			pick: "advertiser",
			sides: ["network"],
			more: true,
		},
		{ name: "transaction_id", dim: "transaction_id", label: f.transaction, text: true, more: true },
		{ name: "order_id", label: f.order, text: true, sides: ["network", "advertiser"], more: true },
		{ name: "ip", label: f.ip, text: true, sides: ["network"], more: true },
		{ name: "test", label: f.test, check: true, more: true },
	],
};

/** All signals, newest first. */
export function SignalList() {
	const narrowing = useNarrowing(signalBar);
	const { asked } = narrowing;
	const list = usePages<Row>(["signals", "list", stringOf(asked)], (cursor, signal) =>
		askList("/api/v1/signals", asked, cursor, signal),
	);
	const [, go] = useLocation();
	const on = useLookOn(list);
	return (
		<>
			<Filters bar={signalBar} of={narrowing}>
				<Csv bar={signalBar} of={narrowing} list="signals" />
			</Filters>
			<Card flush class="calm">
				<Paged of={list} foot={<AsOf at={list.asOf} />}>
					<Table
						stack
						caption={t.all}
						columns={columnsOf()}
						rows={list.rows}
						rowKey={(r) => r.request_id}
						loading={list.loading || on}
						onRow={(r) => go(`/signals/${r.request_id}`)}
						empty={<Nothing of={narrowing} next={list.next} more={list.more} busy={list.busy} />}
					/>
				</Paged>
			</Card>
		</>
	);
}

// A search looks through so many signals a request, and may find none among them:
// it goes on by itself for a while.
const lookedOn = 10;

function useLookOn(list: ReturnType<typeof usePages<Row>>): boolean {
	const [times, setTimes] = useState(0);
	const onward = list.rows.length === 0 && list.next !== undefined && times < lookedOn;
	useEffect(() => {
		if (list.loading) setTimes(0);
	}, [list.loading]);
	useEffect(() => {
		if (!onward || list.busy) return;
		setTimes(times + 1);
		list.more();
	}, [onward, list.busy, list.next]);
	return onward;
}

function Nothing(props: { of: Narrowing; next: string | undefined; more: () => void; busy: boolean }) {
	if (props.next)
		return (
			<Empty
				title={t.notYet}
				action={
					<Button onClick={props.more} busy={props.busy}>
						{t.lookOn}
					</Button>
				}
			>
				{t.notYetHint}
			</Empty>
		);
	if (props.of.narrowed)
		return (
			<Empty title={t.noneFit} action={<Button onClick={props.of.clear}>{text.lists.filters.clear}</Button>}>
				{text.lists.conversions.noneFitHint}
			</Empty>
		);
	return <Empty title={t.empty}>{t.emptyHint}</Empty>;
}

function columnsOf(): Column<Row>[] {
	const all: Column<Row>[] = [
		{
			key: "received",
			phone: "title",
			head: f.received,
			width: 130,
			cell: (r) => (
				<Link class="lead-link" href={`/signals/${r.request_id}`}>
					<When at={r.received_at} />
				</Link>
			),
		},
		{
			key: "status",
			phone: "aside",
			head: f.status,
			width: 130,
			cell: (r) => (
				<span class="row tight">
					<Status of={r.status} />
					{r.test && <Badge>{f.testBadge}</Badge>}
				</span>
			),
		},
		{
			key: "code",
			phone: "wide",
			head: f.message,
			width: 420,
			cell: (r) =>
				r.code === "ok" ? (
					<span class="mute clip-said">{said(sentence(r.message))}</span>
				) : (
					<span class="clip-said" title={plainly(told(r.message, r.code))}>
						<b>{codeName(r.code)}</b> <span class="mute">{said(told(r.message, r.code))}</span>
					</span>
				),
		},
	];
	if (side.value === "network")
		all.push({ key: "channel", head: f.channel, width: 110, cell: (r) => worded("channels", r.channel) });
	all.push(
		{ key: "offer", head: f.offer, width: 200, cell: (r) => <Named kind="offer" id={r.offer_id} /> },
		{
			key: "transaction",
			head: f.transaction,
			width: 190,
			cell: (r) =>
				isId(r.transaction_id) ? (
					<TraceLink id={r.transaction_id} short />
				) : (
					<span class="mute clip-1">{said(r.transaction_id || "–")}</span>
				),
		},
	);
	return all;
}
