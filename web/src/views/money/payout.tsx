import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useParams } from "wouter-preact";
import { api, type Schema, useRead } from "../../api/client.ts";
import { useEdit } from "../../api/edit.ts";
import { usePages } from "../../api/pages.ts";
import { ifMatch, type Tagged, tagged } from "../../api/record.ts";
import { count, dateTime, sum } from "../../lib/format.ts";
import { Problem } from "../../lib/problem.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Status, When } from "../../ui/bits.tsx";
import { Go } from "../../ui/button.tsx";
import { EditForm } from "../../ui/edit.tsx";
import { AreaField, TextField } from "../../ui/form.tsx";
import { Named } from "../../ui/named.tsx";
import { Failed, Notice, Read, Skeleton } from "../../ui/notice.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { Table, TableFoot } from "../../ui/table.tsx";
import { askList } from "../lists/ask.ts";
import { ConversionName } from "./conversionname.tsx";
import { AdjustmentList } from "./list.tsx";
import "../lists/lists.css";
import "../work/work.css";
import "./money.css";

const t = text.payouts.one;

type Payout = Schema["Payout"];
type Fact = [string, ComponentChildren];

/** One payout: what it paid, and what it is called where it was paid. */
export default function PayoutPage() {
	const { id = "" } = useParams<{ id: string }>();
	const whole = /^\d+$/.test(id);
	// While it is being booked one looks on.
	const [every, setEvery] = useState<number>();
	const record = useRead(
		["payouts", id],
		(signal) => tagged(api.GET("/api/v1/payouts/{id}", { params: { path: { id: Number(id) } }, signal })),
		{ enabled: whole, keep: false, every },
	);
	const booking = record.data?.value.status === "booking";
	useEffect(() => setEvery(booking ? 1500 : undefined), [booking]);
	const p = record.data?.value;
	return (
		<Page
			title={t.title(id)}
			crumbs={[
				{ label: text.payouts.title, to: side.value === "network" ? "/payouts?tab=made" : "/payouts" },
			]}
			actions={p && <Go to={`/conversions?payout_id=${p.id}`}>{t.allConversions}</Go>}
		>
			{!whole && <Failed problem={new Problem(404, { detail: t.noNumber })} />}
			{whole && (
				<Read of={record} wait={<Skeleton lines={8} />}>
					{(r) => <Whole key={id} record={r} />}
				</Read>
			)}
		</Page>
	);
}

function Whole({ record }: { record: Tagged<Payout> }) {
	const p = record.value;
	return (
		<div class="list-two">
			<div class="stack">
				<Card>
					<div class="amounts">
						<div>
							<div class="name">{text.payouts.made.amount}</div>
							<div class="value">{sum(p.amount)}</div>
						</div>
						<div>
							<div class="name">{text.payouts.due.conversions}</div>
							<div class="value">{count(p.conversions)}</div>
						</div>
						<div>
							<div class="name">{text.payouts.due.adjustments}</div>
							<div class="value">{count(p.adjustments)}</div>
						</div>
					</div>
				</Card>
				{p.status === "booking" && <Notice live>{t.booking}</Notice>}
				<Conversions of={p} />
				<AdjustmentList
					title={text.payouts.due.adjustments}
					query={{ payout_id: p.id }}
					none={t.noAdjustments}
					settled={false}
				/>
			</div>
			<div class="stack">
				<About of={p} />
				{side.value === "network" && <Said record={record} />}
			</div>
		</div>
	);
}

function About({ of: p }: { of: Payout }) {
	return (
		<Card title={t.about}>
			<Facts
				of={[
					[text.payouts.made.status, <Status key="s" of={p.status} />],
					...(side.value === "network"
						? [[text.pick.affiliate, <Named key="a" kind="affiliate" id={p.affiliate_id} />] as Fact]
						: []),
					[text.payouts.made.until, dateTime(p.until)],
					[text.payouts.made.at, <When key="c" at={p.created_at} exact />],
					[t.bookedAt, p.booked_at ? <When key="b" at={p.booked_at} exact /> : t.notYet],
					...(side.value === "network"
						? []
						: [[text.payouts.made.reference, said(p.reference || "–")] as Fact]),
				]}
			/>
			<p class="mute small above">{side.value === "network" ? t.outside : t.outsideOwn}</p>
		</Card>
	);
}

// What is said of it, which may be changed later.
function Said({ record }: { record: Tagged<Payout> }) {
	const path = { id: record.value.id ?? 0 };
	const edit = useEdit<Payout>(record, {
		send: (patch, etag) =>
			api.PATCH("/api/v1/payouts/{id}", { params: { path, header: ifMatch(etag) }, body: patch as never }),
		reread: () => api.GET("/api/v1/payouts/{id}", { params: { path } }),
		touches: ["payouts"],
	});
	return (
		<Card title={t.said}>
			<EditForm
				edit={edit}
				label={t.said}
				names={{ reference: text.payouts.made.reference, note: text.payouts.pay.note }}
				locked={!may("write")}
			>
				<TextField
					label={text.payouts.made.reference}
					name="reference"
					hint={text.payouts.pay.referenceHint}
					value={edit.draft.reference}
					onValue={(reference) => edit.set({ reference })}
					maxLength={200}
				/>
				<AreaField
					label={text.payouts.pay.note}
					name="note"
					hint={text.payouts.pay.noteHint}
					rows={3}
					value={edit.draft.note}
					onValue={(v) => edit.set({ note: v.slice(0, 1000) })}
				/>
			</EditForm>
		</Card>
	);
}

function Conversions({ of: p }: { of: Payout }) {
	const list = usePages<Schema["Conversion"]>(["conversions", "paid by", p.id, p.status], (cursor, signal) =>
		askList("/api/v1/conversions", { payout_id: String(p.id) }, cursor, signal, 50),
	);
	return (
		<Card flush title={text.payouts.due.conversions} class="calm">
			{list.problem && list.rows.length === 0 ? (
				<Failed problem={list.problem} again={list.again} />
			) : (
				<>
					<Table
						stack
						caption={text.payouts.due.conversions}
						rows={list.rows}
						rowKey={(c) => c.id}
						loading={list.loading}
						height="60dvh"
						empty={<p class="card-none mute">{p.status === "booking" ? t.noneYet : t.noConversions}</p>}
						columns={[
							{
								key: "id",
								phone: "title",
								head: t.conversion,
								cell: (c) => <ConversionName id={c.id} order={c.order_id} />,
							},
							{ key: "at", head: t.happened, cell: (c) => <When at={c.occurred_at} /> },
							{
								key: "offer",
								phone: "wide",
								head: text.pick.offer,
								cell: (c) => (
									<>
										<Named kind="offer" id={c.offer_id} />
										{c.goal && c.goal !== "default" && <span class="mute"> · {said(c.goal)}</span>}
									</>
								),
							},
							{ key: "amount", phone: "aside", head: t.paid, end: true, cell: (c) => sum(c.payout) },
						]}
					/>
					{list.rows.length > 0 && (
						<TableFoot shown={list.rows.length} next={list.next} onMore={list.more} busy={list.busy} />
					)}
				</>
			)}
		</Card>
	);
}
