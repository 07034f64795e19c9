import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type Schema, useRead } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { dateTime, sum } from "../../lib/format.ts";
import { shortId } from "../../lib/shortid.ts";
import { queryOf } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Status, When } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Paged } from "../../ui/list.tsx";
import { useName } from "../../ui/named.tsx";
import { Empty, Read, Skeleton } from "../../ui/notice.tsx";
import { said } from "../../ui/said.tsx";
import { Table } from "../../ui/table.tsx";
import { worded } from "../lists/words.ts";
import type { Standing } from "./books.ts";

const t = text.work.balances;

type Conversion = Schema["Conversion"];

type Asked = {
	advertiser_id?: number;
	affiliate_id?: number;
	test: boolean;
	limit: number;
	cursor?: string;
};
type Listed = Promise<{ data?: Schema["ConversionList"]; error?: unknown; response: Response }>;

const askConversions = (query: Asked, signal: AbortSignal) =>
	api.GET("/api/v1/conversions", { params: { query }, signal }) as unknown as Listed;

/** What a balance is made of: conversions, and the entries that each booked. */
export function Entries({ of, test, onClose }: { of: Standing; test: boolean; onClose: () => void }) {
	const kind = of.party as "advertiser" | "affiliate";
	const name = useName(kind, of.id) ?? `${text.pick[kind]} ${of.id}`;
	const [open, setOpen] = useState("");
	const who = kind === "advertiser" ? { advertiser_id: of.id } : { affiliate_id: of.id };
	const list = usePages(["conversions", "of", of.key, test], (cursor, signal) =>
		askConversions({ ...who, test, limit: 25, cursor }, signal),
	);
	const money = (c: Conversion) => (kind === "advertiser" ? c.revenue : c.payout);
	const rows = list.rows.filter((c) => money(c)?.currency === of.currency);
	return (
		<Dialog
			wide
			title={t.entries(name)}
			onClose={onClose}
			footer={
				<>
					<Go to={`/adjustments${queryOf({ [kind]: of.id })}`}>{text.adjustments.title}</Go>
					<Go to={`/conversions${queryOf({ ...who, test: test ? "1" : undefined })}`}>{t.allConversions}</Go>
				</>
			}
		>
			<p class="mute">{t.entriesHint}</p>
			<Paged of={list}>
				<Table
					caption={t.entries(name)}
					rows={rows}
					rowKey={(c) => c.id as string}
					loading={list.loading}
					selected={(c) => c.id === open}
					empty={<Empty title={t.entriesNone} />}
					columns={[
						{
							key: "id",
							head: t.conversion,
							cell: (c) => (
								<Link href={`/conversions/${c.id}`} class={c.order_id ? "" : "id"}>
									{said(c.order_id) || shortId(c.id ?? "")}
								</Link>
							),
						},
						{ key: "at", head: t.at, cell: (c) => <When at={c.occurred_at} /> },
						{ key: "status", head: t.book, cell: (c) => <Status of={c.status} /> },
						{ key: "amount", head: t.amount, end: true, cell: (c) => sum(money(c)) },
						{
							key: "show",
							head: t.booked,
							cell: (c) => (
								<Button
									small
									quiet
									aria-pressed={c.id === open}
									onClick={() => setOpen(open === c.id ? "" : (c.id as string))}
								>
									{t.booked}
								</Button>
							),
						},
					]}
				/>
			</Paged>
			{open && <Booked conversion={open} />}
		</Dialog>
	);
}

function Booked({ conversion }: { conversion: string }) {
	const got = useRead(
		["conversions", conversion, "entries"],
		(signal) => api.GET("/api/v1/entries", { params: { query: { conversion_id: conversion } }, signal }),
		{ keep: false },
	);
	return (
		<Read of={got} wait={<Skeleton lines={3} />}>
			{(d) => (
				<Table
					caption={t.booked}
					rows={d.data}
					rowKey={(_, i) => i}
					columns={[
						{ key: "at", head: t.at, cell: (e) => dateTime(e.at) },
						{ key: "reason", head: t.reason, cell: (e) => worded("events", e.reason) },
						{ key: "party", head: t.party, cell: (e) => partyOf(e.account.party) },
						{ key: "book", head: t.book, cell: (e) => t.books[e.account.book] ?? e.account.book },
						{ key: "amount", head: t.amount, end: true, cell: (e) => sum(e.amount) },
					]}
				/>
			)}
		</Read>
	);
}

const partyOf = (party: string) =>
	party === "network" ? t.network : (text.pick[party as "affiliate" | "advertiser"] ?? party);
