import { CircleDollarSign } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import type { Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { count, sum } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Status, TraceLink, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Paged, PickCell } from "../../ui/list.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { askList } from "./ask.ts";
import { AsOf } from "./asof.tsx";
import { Csv } from "./csv.tsx";
import { type Bar, Filters, type Narrowing, useNarrowing } from "./filters.tsx";
import { offerColumn } from "./offercell.tsx";
import { stringOf } from "./query.ts";
import { type Chosen, type Target, waysFrom } from "./review.ts";
import { type Meant, ReviewDialog } from "./reviewdialog.tsx";

const t = text.lists.conversions;
const f = text.lists.fields;

type Row = Schema["Conversion"];

const statuses = ["pending", "hold", "approved", "rejected", "paid"] as const;

/** By what conversions can be narrowed. */
export const conversionBar: Bar = {
	period: "",
	fields: [
		{
			name: "status",
			dim: "status",
			label: f.status,
			choices: statuses.map((s) => ({ value: s, label: text.status[s] })),
		},
		{ name: "offer_id", dim: "offer", label: f.offer, pick: "offer" },
		{ name: "affiliate_id", dim: "affiliate", label: f.affiliate, pick: "affiliate", sides: ["network"] },
		{
			name: "affiliate_id",
			dim: "affiliate",
			label: f.affiliateNumber,
			text: true,
			sides: ["advertiser"],
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
		{ name: "goal", label: f.goal, text: true, more: true },
		{ name: "order_id", dim: "order_id", label: f.order, text: true, more: true },
		{ name: "transaction_id", dim: "transaction_id", label: f.transaction, text: true, more: true },
		{ name: "payout_id", label: f.payoutNumber, text: true, sides: ["network", "affiliate"], more: true },
		{ name: "test", label: f.test, check: true, more: true },
	],
};

/** Conversions, and their review in bulk. */
export default function Conversions() {
	const narrowing = useNarrowing(conversionBar);
	const { asked } = narrowing;
	const key = stringOf(asked);
	const list = usePages<Row>(["conversions", "list", key], (cursor, signal) =>
		askList("/api/v1/conversions", asked, cursor, signal),
	);
	const reviews = may("write") && side.value !== "affiliate";
	const [chosen, setChosen] = useState<ReadonlyMap<string, Chosen>>(new Map());
	const [whole, setWhole] = useState(false);
	const [target, setTarget] = useState<Target>();
	const none = () => {
		setChosen(new Map());
		setWhole(false);
	};
	useEffect(none, [key]);
	const choose = (rows: Row[], on: boolean) => {
		const next = new Map(chosen);
		for (const r of rows)
			if (on) next.set(r.id, { id: r.id, status: r.status });
			else next.delete(r.id);
		setChosen(next);
		setWhole(false);
	};
	const columns = columnsOf();
	if (reviews) columns.unshift(chooser(list.rows, chosen, choose));
	const meant: Meant = whole ? { asked } : { chosen: [...chosen.values()] };
	return (
		<Page
			title={t.title}
			lead={reviews ? t.leadReview : t.lead}
			actions={<Csv bar={conversionBar} of={narrowing} list="conversions" />}
		>
			<Filters bar={conversionBar} of={narrowing} />
			<List list={list} columns={columns} narrowing={narrowing} chosen={chosen} />
			{chosen.size > 0 && (
				<ChosenBar
					chosen={chosen}
					whole={whole}
					more={list.next !== undefined && list.rows.every((r) => chosen.has(r.id))}
					onWhole={() => setWhole(true)}
					onTarget={setTarget}
					onNone={none}
				/>
			)}
			{target && (
				<ReviewDialog
					target={target}
					meant={meant}
					onClose={(changed) => {
						setTarget(undefined);
						if (changed) none();
					}}
				/>
			)}
		</Page>
	);
}

function List(props: {
	list: ReturnType<typeof usePages<Row>>;
	columns: Column<Row>[];
	narrowing: Narrowing;
	chosen: ReadonlyMap<string, Chosen>;
}) {
	const { list, columns, narrowing, chosen } = props;
	const [, go] = useLocation();
	return (
		<Card flush class="calm">
			<Paged of={list} foot={<AsOf at={list.asOf} />}>
				<Table
					stack
					caption={t.title}
					columns={columns}
					rows={list.rows}
					rowKey={(r) => r.id}
					loading={list.loading}
					onRow={(r) => go(`/conversions/${r.id}`)}
					selected={(r) => chosen.has(r.id)}
					empty={<Nothing of={narrowing} />}
				/>
			</Paged>
		</Card>
	);
}

function Nothing({ of }: { of: Narrowing }) {
	if (of.narrowed)
		return (
			<Empty title={t.noneFit} action={<Button onClick={of.clear}>{text.lists.filters.clear}</Button>}>
				{t.noneFitHint}
			</Empty>
		);
	return (
		<Empty icon={CircleDollarSign} title={t.empty}>
			{t.emptyHint}
		</Empty>
	);
}

function columnsOf(): Column<Row>[] {
	const all: Column<Row>[] = [
		{
			key: "created_at",
			phone: "title",
			head: f.time,
			width: 130,
			cell: (r) => (
				<Link class="lead-link" href={`/conversions/${r.id}`}>
					<When at={r.created_at} />
				</Link>
			),
		},
		{
			key: "order",
			head: f.order,
			cell: (r) => (
				<>
					{said(r.order_id) || <span class="mute">–</span>} {r.test && <Badge>{f.testBadge}</Badge>}
				</>
			),
		},
		{ key: "status", head: f.status, width: 110, phone: "aside", cell: (r) => <Status of={r.status} /> },
		offerColumn(),
	];
	all.push({
		key: "amount",
		head: f.amount,
		end: true,
		cell: (r) => (r.amount_known === false ? "–" : sum(r.amount)),
	});
	if (side.value !== "affiliate")
		all.push({
			key: "revenue",
			head: side.value === "advertiser" ? f.cost : f.revenue,
			end: true,
			cell: (r) => <Due of={r.revenue} status={r.status} />,
		});
	if (side.value !== "advertiser")
		all.push({
			key: "payout",
			head: f.payout,
			end: true,
			cell: (r) => <Due of={r.payout} status={r.status} />,
		});
	all.push({
		key: "transaction",
		phone: "hide",
		head: f.transaction,
		width: 190,
		cell: (r) => <TraceLink id={r.touch?.transaction_id} short />,
	});
	return all;
}

// An amount that is not owed is crossed out.
function Due({ of: m, status }: { of: Schema["Money"] | undefined; status: string }) {
	if (status !== "rejected" || Number(m?.amount) === 0) return <>{sum(m)}</>;
	return <del class="mute">{sum(m)}</del>;
}

// The column by which rows are chosen.
function chooser(
	rows: Row[],
	chosen: ReadonlyMap<string, Chosen>,
	choose: (rows: Row[], on: boolean) => void,
): Column<Row> {
	const all = rows.length > 0 && rows.every((r) => chosen.has(r.id));
	return {
		key: "chosen",
		width: 48,
		phone: "pick",
		label: t.chooseAll,
		head: (
			<PickCell
				label={t.chooseAll}
				checked={all}
				some={rows.some((r) => chosen.has(r.id))}
				onChange={(on) => choose(rows, on)}
			/>
		),
		cell: (r) => (
			<PickCell
				label={t.choose(r.order_id || r.id)}
				checked={chosen.has(r.id)}
				onChange={(on) => choose([r], on)}
			/>
		),
	};
}

function ChosenBar(props: {
	chosen: ReadonlyMap<string, Chosen>;
	whole: boolean;
	more: boolean;
	onWhole: () => void;
	onTarget: (target: Target) => void;
	onNone: () => void;
}) {
	const { chosen, whole } = props;
	const from = [...new Set([...chosen.values()].map((c) => c.status))];
	const can = (target: Target) => whole || from.some((s) => waysFrom(s).includes(target));
	return (
		<section class="chosen-bar" aria-label={t.chosenLabel}>
			<span role="status">{whole ? t.chosenWhole : t.chosen(count(chosen.size))}</span>
			{props.more && !whole && (
				<Button quiet small onClick={props.onWhole}>
					{t.chooseWhole}
				</Button>
			)}
			<span class="row">
				<Button primary disabled={!can("approved")} onClick={() => props.onTarget("approved")}>
					{t.approve}
				</Button>
				<Button danger disabled={!can("rejected")} onClick={() => props.onTarget("rejected")}>
					{t.reject}
				</Button>
				<Button disabled={!can("hold")} onClick={() => props.onTarget("hold")}>
					{t.hold}
				</Button>
				<Button quiet onClick={props.onNone}>
					{t.chooseNone}
				</Button>
			</span>
		</section>
	);
}
