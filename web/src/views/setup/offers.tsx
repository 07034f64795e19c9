import { Megaphone, MoreHorizontal, Plus } from "lucide-preact";
import { Link, useLocation } from "wouter-preact";
import { useFound } from "../../api/found.ts";
import { may, side } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Badge, Status } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Paged, SearchField } from "../../ui/list.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Pick } from "../../ui/picker.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { FindOffers } from "./findoffers.tsx";
import { NewOffer } from "./newoffer.tsx";
import { statusItems, useOfferStatus } from "./offerstatus.tsx";
import { priceWords } from "./pricefields.tsx";
import type { Offer } from "./types.ts";
import { metricName, metricsOf, useWeek } from "./week.tsx";

const t = text.setup.offers;

/** The offers: of the network, of an advertiser, or those that an affiliate may promote. */
export default function Offers() {
	return side.value === "affiliate" ? <FindOffers /> : <OfferList />;
}

const filters = { q: "", status: "current", advertiser: "", new: "" };

const wanted = (o: Offer, f: typeof filters) =>
	(f.status === "all" ||
		(f.status === "current" ? o.status !== "archived" : (o.status ?? "active") === f.status)) &&
	(!f.advertiser || String(o.advertiser_id) === f.advertiser) &&
	`${o.name} ${o.id} ${o.category ?? ""}`.toLowerCase().includes(f.q.trim().toLowerCase());

function OfferList() {
	const [f, set] = useUrlState(filters);
	const [, go] = useLocation();
	const network = side.value === "network";
	const one = f.status === "current" || f.status === "all" ? undefined : f.status;
	const offers = useFound("offer", f.q, { status: one, advertiser_id: f.advertiser || undefined }, (o) =>
		wanted(o, f),
	);
	const week = useWeek("offer");
	const setStatus = useOfferStatus();
	const { rows } = offers;
	const canMake = network && may("write");
	const make = canMake && (
		<Button primary onClick={() => set({ new: "1" })}>
			<Plus aria-hidden />
			{t.create}
		</Button>
	);
	const columns: Column<Offer>[] = [
		{
			key: "name",
			phone: "title",
			head: network ? t.offerAndAdvertiser : t.name,
			cell: (o) => (
				<>
					<Link href={`/offers/${o.id}`}>{said(o.name)}</Link>
					<div class="mute small">
						#{o.id}
						{network && (
							<>
								{" · "}
								<Named kind="advertiser" id={o.advertiser_id} plain />
							</>
						)}
					</div>
				</>
			),
		},
		{
			key: "status",
			phone: "aside",
			head: t.status,
			width: 110,
			cell: (o) => (
				<span class="badges">
					<Status of={o.status ?? "active"} />
					{network && o.access && o.access !== "open" && <Access of={o.access} />}
				</span>
			),
		},
		...(network
			? [{ key: "payout", head: t.payout, end: true, cell: (o: Offer) => priceWords(o.payout, o.currency) }]
			: []),
		{
			key: "revenue",
			head: network ? t.revenue : t.cost,
			end: true,
			cell: (o) => priceWords(o.revenue, o.currency),
		},
		...metricsOf()
			.filter((m) => ["clicks", "conversions", network ? "profit" : "cr"].includes(m))
			.map((m) => ({
				key: m,
				head: t.inWeek(metricName(m)),
				end: true,
				cell: (o: Offer) => week.written(o.id, m) ?? <span class="mute">–</span>,
			})),
		...(canMake
			? [
					{
						key: "menu",
						phone: "menu" as const,
						head: <span class="visually-hidden">{t.actions}</span>,
						width: 56,
						cell: (o: Offer) => (
							<Menu label={t.actionsOf(o.name ?? "")} items={statusItems(o, setStatus)}>
								<MoreHorizontal aria-hidden />
							</Menu>
						),
					},
				]
			: []),
	];
	return (
		<Page title={t.title} lead={network ? t.lead : t.leadAdvertiser} actions={make}>
			<div class="filters" role="search">
				<SearchField label={t.search} value={f.q} onValue={(q) => set({ q }, { replace: true })} />
				<select
					class="select"
					aria-label={t.status}
					value={f.status}
					onChange={(e) => set({ status: e.currentTarget.value })}
				>
					{Object.entries(t.statuses).map(([value, label]) => (
						<option key={value} value={value} selected={value === f.status}>
							{label}
						</option>
					))}
				</select>
				{network && (
					<div class="field">
						<Pick
							kind="advertiser"
							placeholder={t.anyAdvertiser}
							value={f.advertiser}
							onValue={(advertiser) => set({ advertiser })}
						/>
					</div>
				)}
			</div>
			<Card flush>
				<Paged of={offers}>
					<Table
						stack
						caption={t.title}
						columns={columns}
						rows={rows}
						rowKey={(o) => o.id ?? 0}
						onRow={(o) => go(`/offers/${o.id}`)}
						loading={offers.loading}
						empty={
							offers.none ? (
								<Empty icon={Megaphone} title={t.empty} action={make}>
									{network ? t.emptyHint : t.emptyAdvertiser}
								</Empty>
							) : (
								<Empty
									title={t.noneFit}
									action={
										<Button onClick={() => set({ q: "", status: "all", advertiser: "" })}>{t.showAll}</Button>
									}
								/>
							)
						}
					/>
				</Paged>
			</Card>
			{f.new && canMake && <NewOffer onClose={() => set({ new: "" }, { replace: true })} />}
		</Page>
	);
}

/** Who may send visitors to an offer. */
export function Access({ of }: { of: string | undefined }) {
	const word = (of || "open") as keyof typeof t.accesses;
	return <Badge tone={word === "open" ? "mute" : "info"}>{t.accesses[word] ?? word}</Badge>;
}
