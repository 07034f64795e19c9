// Adjustments of balances, wherever they are listed.
import { Scale } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";
import { api, type Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { dateTime, sum } from "../../lib/format.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge } from "../../ui/bits.tsx";
import { Paged } from "../../ui/list.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { ConversionName } from "./conversionname.tsx";

const t = text.adjustments;

type Adjustment = Schema["Adjustment"];
type Listed = Promise<{ data?: Schema["AdjustmentList"]; error?: unknown; response: Response }>;

type Props = {
	title?: string;
	query: {
		affiliate_id?: number;
		advertiser_id?: number;
		payout_id?: number | undefined;
		kind?: Adjustment["kind"];
		open?: boolean;
	};
	/** What is said where there is none, in a few words or in full. */
	none: ComponentChildren;
	/** Whether it is told which payout settled them. */
	settled?: boolean;
	/** Keeps only some of them. */
	only?: (a: Adjustment) => boolean;
};

/** Adjustments, newest first. */
export function AdjustmentList({ title, query, none, settled = true, only }: Props) {
	const list = usePages<Adjustment>(
		["adjustments", "list", query],
		(cursor, signal) =>
			api.GET("/api/v1/adjustments", {
				params: { query: { ...query, limit: 100, cursor } },
				signal,
			}) as unknown as Listed,
	);
	const rows = only ? list.rows.filter(only) : list.rows;
	return (
		<Card flush title={title} class="calm">
			<Paged of={list}>
				<Table
					stack
					caption={title ?? t.title}
					columns={columnsOf(settled)}
					rows={rows}
					rowKey={(a) => a.id}
					loading={list.loading}
					empty={
						typeof none === "string" ? (
							title ? (
								<p class="card-none mute">{none}</p>
							) : (
								<Empty icon={Scale} title={t.none}>
									{none}
								</Empty>
							)
						) : (
							none
						)
					}
				/>
			</Paged>
		</Card>
	);
}

const tones = { bonus: "good", correction: "info", clawback: "warn", payment: "good" } as const;

function columnsOf(settled: boolean): Column<Adjustment>[] {
	const all: Column<Adjustment>[] = [
		{ key: "at", phone: "title", head: text.common.time, cell: (a) => dateTime(a.created_at) },
	];
	if (side.value === "network" && settled)
		all.push({
			key: "party",
			head: t.whose,
			cell: (a) =>
				a.affiliate_id ? (
					<Named kind="affiliate" id={a.affiliate_id} />
				) : (
					<Named kind="advertiser" id={a.advertiser_id} />
				),
		});
	all.push(
		{ key: "kind", head: t.kind, cell: (a) => <Badge tone={tones[a.kind]}>{t.kinds[a.kind]}</Badge> },
		{
			key: "note",
			phone: "wide",
			head: t.note,
			wrap: true,
			cell: (a) => (
				<>
					{said(a.note)}{" "}
					{a.conversion_id && (
						<span class="small">
							· <ConversionName id={a.conversion_id} />
						</span>
					)}
				</>
			),
		},
	);
	if (settled && side.value !== "advertiser")
		all.push({
			key: "payout",
			head: t.settled,
			cell: (a) => {
				if (a.payout_id)
					return <Link href={`/payouts/${a.payout_id}`}>{text.payouts.pay.payout(a.payout_id)}</Link>;
				return a.affiliate_id ? <span class="mute">{t.open}</span> : <span class="mute">–</span>;
			},
		});
	all.push({
		key: "amount",
		phone: "aside",
		head: t.amount,
		end: true,
		cell: (a) => (
			<span class={a.amount.amount.startsWith("-") ? "strong bad" : "strong"}>{signed(a.amount)}</span>
		),
	});
	return all;
}

/** An amount with its sign, whichever it is. */
export const signed = (m: Schema["Money"]): string => (m.amount.startsWith("-") ? sum(m) : `+${sum(m)}`);
