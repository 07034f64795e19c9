import { MoreHorizontal } from "lucide-preact";
import { useMemo } from "preact/hooks";
import { api, type Schema, useRead } from "../../api/client.ts";
import { wholeList } from "../../api/record.ts";
import { count, money } from "../../lib/format.ts";
import { may, me, side, viewing } from "../../lib/session.ts";
import { queryOf, useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { CheckField, SelectField } from "../../ui/form.tsx";
import { type Item, Menu } from "../../ui/menu.tsx";
import { Named, useName } from "../../ui/named.tsx";
import { Empty, Failed } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { type Column, Table, TableFoot } from "../../ui/table.tsx";
import { booksOf, type Standing } from "./books.ts";
import { Entries } from "./entries.tsx";
import "./work.css";

const t = text.work.balances;
const books = ["pending", "approved", "paid"] as const;

type Party = Schema["Account"]["party"];

/** What everybody owes and is owed. */
export default function Balances() {
	const [state, set] = useUrlState({ party: "", test: "", of: "" });
	const asked = {
		party: (state.party || undefined) as "advertiser" | "affiliate" | "network" | undefined,
		test: state.test === "1" || undefined,
	};
	const got = useRead(["balances", asked], (signal) =>
		wholeList((paging) =>
			api.GET("/api/v1/balances", { params: { query: { ...asked, ...paging } }, signal }),
		),
	);
	const rows = useMemo(() => booksOf(got.data ?? []), [got.data]);
	const open = rows.find((r) => r.key === state.of);
	return (
		<Page title={t.title} lead={t.lead[side.value]}>
			<div class="filters">
				{side.value === "network" && (
					<SelectField
						label={t.party}
						hideLabel
						value={state.party}
						onValue={(party) => set({ party })}
						choices={["", "advertiser", "affiliate", "network"].map((p) => ({
							value: p,
							label: t.parties[p || "all"] ?? p,
						}))}
					/>
				)}
				<CheckField
					label={t.test}
					value={state.test === "1"}
					onValue={(on) => set({ test: on ? "1" : "" })}
				/>
			</div>
			<Card flush>
				{got.problem && !got.data ? (
					<Failed problem={got.problem} again={got.again} />
				) : (
					<>
						<Table
							stack
							caption={t.caption}
							rows={rows}
							rowKey={(r) => r.key}
							loading={got.loading}
							columns={columns((r) => set({ of: r.key }))}
							onRow={(r) => r.party !== "network" && set({ of: r.key })}
							selected={(r) => r.key === state.of}
							empty={<Empty title={t.none}>{t.noneHint}</Empty>}
							height="75dvh"
						/>
						{rows.length > 0 && <TableFoot shown={rows.length} />}
					</>
				)}
			</Card>
			{open && open.party !== "network" && (
				<Entries of={open} test={state.test === "1"} onClose={() => set({ of: "" })} />
			)}
		</Page>
	);
}

function columns(open: (r: Standing) => void): Column<Standing>[] {
	const network = side.value === "network";
	return [
		{
			key: "party",
			phone: "title",
			head: t.party,
			cell: (r) =>
				r.party === "network" ? (
					<span class="strong">{t.network}</span>
				) : (
					<button type="button" class="row-link" aria-haspopup="dialog" onClick={() => open(r)}>
						<PartyName of={r} />
					</button>
				),
		},
		...(network
			? [
					{
						key: "kind",
						phone: "aside" as const,
						head: t.side,
						cell: (r: Standing) => <span class="mute small">{said(r.party)}</span>,
					},
				]
			: []),
		{ key: "currency", head: t.currency, cell: (r) => r.currency },
		...books.map(
			(b): Column<Standing> => ({
				key: b,
				head: <span title={t.bookHint[b]}>{t.heads[b]}</span>,
				label: t.heads[b],
				end: true,
				cell: (r) => money(r.books[b] ?? "0", r.currency),
			}),
		),
		...(network
			? [
					{
						key: "menu",
						phone: "menu" as const,
						width: 56,
						head: <span class="visually-hidden">{t.actions}</span>,
						cell: (r: Standing) => (r.party === "network" ? null : <Doing of={r} />),
					},
				]
			: []),
	];
}

// What may be done about a balance.
function Doing({ of: r }: { of: Standing }) {
	const kind = r.party as "advertiser" | "affiliate";
	const name = useName(kind, r.id) ?? `${text.pick[kind]} ${r.id}`;
	const affiliate = kind === "affiliate";
	const open = r.books.approved ?? "0";
	const items: Item[] = [];
	if (may("write") && affiliate) items.push({ label: t.pay, to: `/payouts${queryOf({ affiliate: r.id })}` });
	if (may("write") && !affiliate)
		items.push({
			label: t.payments,
			to: `/adjustments${queryOf({
				new: "payment",
				advertiser: r.id,
				currency: r.currency,
				amount: open.startsWith("-") ? undefined : open,
			})}`,
		});
	if (may("write"))
		items.push({
			label: t.adjust,
			to: `/adjustments${queryOf({ new: 1, [kind]: r.id, currency: r.currency })}`,
		});
	if (affiliate)
		items.push({ label: t.toPayouts, to: `/payouts${queryOf({ tab: "made", affiliate: r.id })}` });
	items.push({ label: t.toAdjustments, to: `/adjustments${queryOf({ [kind]: r.id })}` });
	return (
		<Menu label={t.actionsOf(name)} items={items}>
			<MoreHorizontal aria-hidden />
		</Menu>
	);
}

const said = (party: Party | string) =>
	({ advertiser: t.owes, affiliate: t.gets, network: t.margin })[party] ?? "";

/** The name of an advertiser or affiliate. */
export function PartyName({ of: r }: { of: Standing }) {
	if (r.party === "network") return <>{t.network}</>;
	const own = viewing.value?.name ?? me.value?.party_name;
	if (side.value !== "network" && own) return <Said of={own} />;
	if (side.value !== "network")
		return <>{t.parties[`${r.party}s`] ?? `${text.pick[r.party as "affiliate"]} ${count(r.id)}`}</>;
	return <Named kind={r.party as "advertiser" | "affiliate"} id={r.id} plain />;
}
