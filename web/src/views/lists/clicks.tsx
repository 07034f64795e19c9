import { MousePointerClick } from "lucide-preact";
import { useLocation } from "wouter-preact";
import type { Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { country, none } from "../../lib/format.ts";
import { plainly } from "../../lib/hidden.ts";
import { text } from "../../text/en.ts";
import { Badge, TraceLink, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Paged } from "../../ui/list.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card, Page, TabLinks } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { askList } from "./ask.ts";
import { AsOf } from "./asof.tsx";
import { Csv } from "./csv.tsx";
import { type Bar, Filters, useNarrowing } from "./filters.tsx";
import { offerColumn } from "./offercell.tsx";
import { stringOf } from "./query.ts";
import { worded } from "./words.ts";

const t = text.lists.clicks;
const f = text.lists.fields;

type Row = Schema["Click"];

/** By what clicks and impressions can be narrowed. */
export const clickBar: Bar = {
	facts: true,
	period: "last7",
	fields: [
		{ name: "offer", dim: "offer", label: f.offer, pick: "offer" },
		{ name: "affiliate", dim: "affiliate", label: f.affiliate, pick: "affiliate", sides: ["network"] },
		{
			name: "is_bot",
			dim: "is_bot",
			label: f.visitor,
			choices: [
				{ value: "false", label: t.people },
				{ value: "true", label: t.onlyBots },
			],
			more: true,
		},
		{ name: "source", dim: "source", label: f.source, text: true, more: true },
		{ name: "sub1", dim: "sub1", label: f.sub1, text: true, more: true },
		{ name: "country", dim: "country", label: t.countryCode, text: true, more: true },
		{ name: "device", dim: "device", label: f.device, text: true, more: true },
		{ name: "aff_click_id", dim: "aff_click_id", label: f.affClickId, text: true, more: true },
		{ name: "test", label: f.test, check: true, more: true },
	],
};

/** Clicks or impressions, as its address says. */
export default function Clicks() {
	const [path, go] = useLocation();
	const what = path === "/impressions" ? "impressions" : "clicks";
	const narrowing = useNarrowing(clickBar);
	const { asked, query } = narrowing;
	const list = usePages<Row>([what, "list", stringOf(asked)], (cursor, signal) =>
		askList(`/api/v1/${what}`, asked, cursor, signal),
	);
	const tail = query.size > 0 ? `?${query}` : "";
	return (
		<Page
			title={t.titles[what]}
			lead={t.lead[what]}
			actions={<Csv bar={clickBar} of={narrowing} list={what} />}
		>
			<TabLinks
				label={text.lists.tabs}
				at={`/${what}${tail}`}
				tabs={[
					{ to: `/clicks${tail}`, label: t.titles.clicks },
					{ to: `/impressions${tail}`, label: t.titles.impressions },
				]}
			/>
			<Filters bar={clickBar} of={narrowing} />
			<Card flush class="calm">
				<Paged of={list} foot={<AsOf at={list.asOf} />}>
					<Table
						stack
						caption={t.titles[what]}
						columns={columnsOf()}
						rows={list.rows}
						rowKey={(r) => r.transaction_id}
						loading={list.loading}
						onRow={(r) => go(`/trace/${r.transaction_id}`)}
						empty={
							narrowing.narrowed ? (
								<Empty
									title={t.noneFit[what]}
									action={<Button onClick={narrowing.clear}>{text.lists.filters.clear}</Button>}
								>
									{text.lists.conversions.noneFitHint}
								</Empty>
							) : (
								<Empty icon={MousePointerClick} title={t.empty[what]}>
									{t.emptyHint}
								</Empty>
							)
						}
					/>
				</Paged>
			</Card>
		</Page>
	);
}

function columnsOf(): Column<Row>[] {
	return [
		{
			key: "id",
			phone: "title",
			head: f.transaction,
			width: 190,
			cell: (r) => (
				<>
					<span class="lead-id">
						<TraceLink id={r.transaction_id} short />
					</span>
					<Marks of={r} />
				</>
			),
		},
		{ key: "at", head: f.time, width: 110, phone: "aside", cell: (r) => <When at={r.at} /> },
		offerColumn(),
		{
			key: "visitor",
			head: f.visitor,
			width: 200,
			phone: "wide",
			cell: (r) => (
				<>
					{country(r.visitor?.country)}
					<div class="mute small">
						<Short of={[r.visitor?.device, r.visitor?.os, r.visitor?.browser].filter(Boolean).join(" · ")} />
					</div>
				</>
			),
		},
		{
			key: "sub",
			head: t.sourceAndSub,
			width: 180,
			phone: "wide",
			cell: (r) => (
				<>
					<Short of={r.source} />
					{r.sub && (
						<div class="mute small">
							<Short of={r.sub.map((s) => s || none).join(" · ")} />
						</div>
					)}
				</>
			),
		},
		{ key: "aff", head: f.affClickId, width: 180, cell: (r) => <Short of={r.aff_click_id} /> },
	];
}

// What is out of the ordinary about a click.
function Marks({ of: r }: { of: Row }) {
	if (!r.turned_away && !r.visitor?.bot && !r.test) return null;
	return (
		<div class="row tight">
			{r.turned_away && <Badge tone="warn">{t.turnedAway(worded("turned", r.turned_away))}</Badge>}
			{r.visitor?.bot && <Badge title={t.botHint}>{t.bot}</Badge>}
			{r.test && <Badge>{f.testBadge}</Badge>}
		</div>
	);
}

// A text of a stranger, of whatever length, on one line.
function Short({ of }: { of: string | undefined }) {
	return of ? (
		<span class="clip-1" title={plainly(of)}>
			<Said of={of} />
		</span>
	) : (
		<span class="mute">{none}</span>
	);
}
