// All owed postbacks, whatever became of them.
import { Ellipsis } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import type { Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { count } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Status, TraceLink, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Paged } from "../../ui/list.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { askList } from "./ask.ts";
import { AsOf } from "./asof.tsx";
import { type Action, BulkDialog, type BulkFilter } from "./bulkdialog.tsx";
import { Csv } from "./csv.tsx";
import { type Bar, Filters, useNarrowing } from "./filters.tsx";
import { SubscriptionName } from "./owner.tsx";
import { type Asked, stringOf } from "./query.ts";
import { worded } from "./words.ts";

const t = text.lists.deliveries;
const f = text.lists.fields;

type Row = Schema["ListedDelivery"];

const choicesOf = (all: Record<string, string>) =>
	Object.entries(all).map(([value, label]) => ({ value, label }));

/** By what owed postbacks can be narrowed. */
export const deliveryBar: Bar = {
	period: "",
	fields: [
		{
			name: "state",
			label: f.state,
			choices: (["waiting", "delivered", "dead", "withdrawn", "parked"] as const).map((s) => ({
				value: s,
				label: text.status[s],
			})),
		},
		{ name: "event", dim: "event", label: f.event, choices: choicesOf(text.lists.events) },
		{ name: "host", label: f.host, text: true },
		{ name: "subscription_id", dim: "subscription", label: f.subscriptionNumber, text: true, more: true },
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
		{ name: "error", label: f.error, choices: choicesOf(text.lists.errors), more: true },
		{ name: "http_status", label: f.httpStatus, text: true, more: true },
		{ name: "transaction_id", dim: "transaction_id", label: f.transaction, text: true, more: true },
		{ name: "conversion_id", dim: "conversion_id", label: f.conversion, text: true, more: true },
		{ name: "test", label: f.test, check: true, more: true },
	],
};

// What is asked of the list as the body of a job.
function bulkOf(asked: Asked): BulkFilter {
	const out: Record<string, unknown> = {};
	for (const [name, value] of Object.entries(asked)) {
		const number = name.endsWith("_id") && name !== "transaction_id" && name !== "conversion_id";
		out[name] = number || name === "http_status" ? Number(value) : name === "test" ? value === "true" : value;
	}
	return out as BulkFilter;
}

/** All owed postbacks, newest first. */
export function DeliveryList() {
	const narrowing = useNarrowing(deliveryBar);
	const { asked, facts } = narrowing;
	const list = usePages<Row>(["deliveries", "list", stringOf(asked)], (cursor, signal) =>
		askList("/api/v1/deliveries", asked, cursor, signal),
	);
	const [, go] = useLocation();
	const [doing, setDoing] = useState<Action>();
	return (
		<>
			<Filters bar={deliveryBar} of={narrowing}>
				{side.value === "network" && <Csv bar={deliveryBar} of={narrowing} list="deliveries" />}
				{may("write") && !facts && list.rows.length > 0 && (
					<Menu
						label={t.more}
						class="btn icon"
						items={[
							{ label: t.replayAll, onClick: () => setDoing("replay") },
							{ label: t.withdrawAll, onClick: () => setDoing("withdraw"), danger: true },
						]}
					>
						<Ellipsis aria-hidden />
					</Menu>
				)}
			</Filters>
			<Card flush class="calm">
				<Paged of={list} foot={<AsOf at={list.asOf} />}>
					<Table
						stack
						caption={t.all}
						columns={columnsOf()}
						rows={list.rows}
						rowKey={(r, i) => (facts ? `${r.id} ${i}` : r.id)}
						loading={list.loading}
						onRow={(r) => go(`/deliveries/${r.id}`)}
						empty={
							narrowing.narrowed ? (
								<Empty
									title={t.noneFit}
									action={<Button onClick={narrowing.clear}>{text.lists.filters.clear}</Button>}
								>
									{text.lists.conversions.noneFitHint}
								</Empty>
							) : (
								<Empty title={t.empty}>{t.emptyHint}</Empty>
							)
						}
					/>
				</Paged>
			</Card>
			{doing && (
				<BulkDialog
					action={doing}
					title={text.lists.bulk.plain[doing]}
					filter={bulkOf(asked)}
					onClose={() => setDoing(undefined)}
				/>
			)}
		</>
	);
}

function columnsOf(): Column<Row>[] {
	return [
		{
			key: "made",
			phone: "title",
			head: f.made,
			width: 130,
			cell: (r) => (
				<Link class="lead-link" href={`/deliveries/${r.id}`}>
					<When at={r.created_at} />
				</Link>
			),
		},
		{
			key: "state",
			phone: "aside",
			head: f.state,
			width: 130,
			cell: (r) => (
				<span class="row tight">
					<Status of={r.state} />
					{r.test && <Badge>{f.testBadge}</Badge>}
				</span>
			),
		},
		{ key: "event", head: f.event, width: 140, cell: (r) => worded("events", r.event) },
		{
			key: "subscription",
			phone: "wide",
			head: f.subscription,
			width: 210,
			cell: (r) => (
				<Link href={`/postbacks/${r.subscription_id}`}>
					<SubscriptionName id={r.subscription_id} />
				</Link>
			),
		},
		{ key: "last", head: t.last, width: 190, cell: (r) => <Last of={r} /> },
		{ key: "attempts", head: f.attempts, end: true, width: 100, cell: (r) => count(r.attempts) },
		{
			key: "next",
			head: f.next,
			width: 130,
			cell: (r) => (r.state === "waiting" ? <When at={r.due_at} /> : <span class="mute">–</span>),
		},
		{
			key: "transaction",
			head: f.transaction,
			width: 190,
			cell: (r) => <TraceLink id={r.transaction_id} short />,
		},
	];
}

// How the last attempt went.
function Last({ of: r }: { of: Row }) {
	if (r.attempts === 0) return <span class="mute">–</span>;
	const error = r.last_class ? worded("errors", r.last_class) : "";
	if (r.last_status)
		return (
			<span title={error}>
				HTTP {r.last_status}
				{r.last_class && r.last_class !== "status" && <span class="mute"> · {error}</span>}
			</span>
		);
	return <>{error || "–"}</>;
}
