import { Banknote } from "lucide-preact";
import { Link, useLocation } from "wouter-preact";
import { api, type Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { count, dateTime, sum } from "../../lib/format.ts";
import { side } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Status } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { SelectField } from "../../ui/form.tsx";
import { Paged } from "../../ui/list.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { Pick } from "../../ui/picker.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";

const t = text.payouts.made;

type Payout = Schema["Payout"];
type Listed = Promise<{ data?: Schema["PayoutList"]; error?: unknown; response: Response }>;

/** The payouts that were made, newest first. */
export function Made() {
	const [f, set] = useUrlState({ affiliate: "", status: "" });
	const [, go] = useLocation();
	const network = side.value === "network";
	const asked = {
		affiliate_id: network && f.affiliate ? Number(f.affiliate) : undefined,
		status: (f.status || undefined) as "booking" | "booked" | undefined,
	};
	const list = usePages<Payout>(
		["payouts", "list", asked],
		(cursor, signal) =>
			api.GET("/api/v1/payouts", {
				params: { query: { ...asked, limit: 50, cursor } },
				signal,
			}) as unknown as Listed,
	);
	const narrowed = Boolean(f.affiliate || f.status);
	return (
		<>
			{network && (
				<div class="filters">
					<div class="field">
						<Pick
							kind="affiliate"
							label={text.pick.affiliate}
							placeholder={text.payouts.due.anyAffiliate}
							value={f.affiliate}
							onValue={(affiliate) => set({ affiliate })}
						/>
					</div>
					<SelectField
						label={t.status}
						hideLabel
						value={f.status}
						onValue={(status) => set({ status })}
						choices={[
							{ value: "", label: t.anyStatus },
							{ value: "booking", label: text.status.booking },
							{ value: "booked", label: text.status.booked },
						]}
					/>
				</div>
			)}
			<Card flush title={network ? undefined : t.title}>
				<Paged of={list}>
					<Table
						stack
						caption={t.title}
						columns={columnsOf()}
						rows={list.rows}
						rowKey={(p) => p.id ?? 0}
						loading={list.loading}
						onRow={(p) => go(`/payouts/${p.id}`)}
						empty={
							narrowed ? (
								<Empty
									title={t.noneFit}
									action={
										<Button onClick={() => set({ affiliate: "", status: "" })}>
											{text.lists.filters.clear}
										</Button>
									}
								/>
							) : (
								<Empty icon={Banknote} title={t.none}>
									{network ? t.noneHint : t.noneOwn}
								</Empty>
							)
						}
					/>
				</Paged>
			</Card>
		</>
	);
}

function columnsOf(): Column<Payout>[] {
	const network = side.value === "network";
	return [
		{
			key: "id",
			phone: "title",
			head: t.payout,
			cell: (p) => <Link href={`/payouts/${p.id}`}>{t.number(p.id ?? 0)}</Link>,
		},
		{ key: "at", head: t.at, cell: (p) => dateTime(p.created_at) },
		...(network
			? [
					{
						key: "affiliate",
						head: text.pick.affiliate,
						cell: (p: Payout) => <Named kind="affiliate" id={p.affiliate_id} />,
					},
				]
			: []),
		{ key: "until", head: t.until, cell: (p) => dateTime(p.until) },
		{ key: "reference", head: t.reference, wrap: true, cell: (p) => said(p.reference || "–") },
		{ key: "status", phone: "aside", head: t.status, cell: (p) => <Status of={p.status} /> },
		{ key: "conversions", head: text.payouts.due.conversions, end: true, cell: (p) => count(p.conversions) },
		{
			key: "amount",
			head: t.amount,
			end: true,
			cell: (p) => <span class="strong">{sum(p.amount)}</span>,
		},
	];
}
