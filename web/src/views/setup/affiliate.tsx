import { BadgeDollarSign, MousePointerClick } from "lucide-preact";
import { Link, useParams } from "wouter-preact";
import { api, type Schema, useRead } from "../../api/client.ts";
import { type Edit, useEdit } from "../../api/edit.ts";
import { ifMatch, type Tagged, tagged, wholeList } from "../../api/record.ts";
import { today } from "../../lib/format.ts";
import { may, zone } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Status } from "../../ui/bits.tsx";
import { Go } from "../../ui/button.tsx";
import { EditForm } from "../../ui/edit.tsx";
import { RadioField } from "../../ui/fields.tsx";
import { TextField } from "../../ui/form.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty, Failed, Skeleton } from "../../ui/notice.tsx";
import { Card, Page, TabLinks } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { holdsFor, period, TermState } from "./offer/payouts.tsx";
import { LinksOf, PeopleOf, PostbacksOf, ViewAs } from "./parties.tsx";
import { priceWords } from "./pricefields.tsx";
import { Applications } from "./requests.tsx";
import "./setup.css";
import type { Affiliate as Record, Term } from "./types.ts";
import { metricName, metricsOf, type Row, useWeek, Week } from "./week.tsx";

const t = text.setup.affiliate;
const parts = ["overview", "details", "offers", "terms", "links", "postbacks", "people"] as const;
type Part = (typeof parts)[number];

/** One affiliate. */
export default function Affiliate() {
	const { id = "" } = useParams<{ id: string }>();
	const [f] = useUrlState({ tab: "overview" });
	const tab: Part = parts.find((p) => p === f.tab) ?? "overview";
	const record = useRead(
		["affiliates", id, "record"],
		(signal) => tagged(api.GET("/api/v1/affiliates/{id}", { params: { path: { id: Number(id) } }, signal })),
		{ enabled: /^\d+$/.test(id), keep: false },
	);
	const crumbs = [{ label: text.nav.affiliates, to: "/affiliates" }];
	if (!record.data)
		return (
			<Page title={text.pick.affiliate} crumbs={crumbs}>
				{record.problem ? <Failed problem={record.problem} again={record.again} /> : <Skeleton lines={8} />}
			</Page>
		);
	const a = record.data.value;
	const number = a.id ?? 0;
	const path = (p: Part) => (p === "overview" ? `/affiliates/${id}` : `/affiliates/${id}?tab=${p}`);
	const mine = parts.filter((p) => p !== "people" || may("write"));
	return (
		<Page
			title={a.name ?? ""}
			crumbs={crumbs}
			lead={
				<span class="row">
					<Status of={a.status ?? "active"} />
					<span class="num">#{number}</span>
				</span>
			}
			actions={<ViewAs kind="affiliate" id={number} name={a.name ?? ""} />}
		>
			<TabLinks label={t.parts} at={path(tab)} tabs={mine.map((p) => ({ to: path(p), label: t.tabs[p] }))} />
			{tab === "overview" && <Overview id={number} />}
			{tab === "details" && <Details key={id} record={record.data} />}
			{tab === "offers" && (
				<Card flush title={t.standings} footer={<p class="mute small">{t.standingsHint}</p>}>
					<Applications
						filter={{ affiliate_id: number }}
						hide="affiliate"
						caption={t.standings}
						emptyTitle={t.noStandings}
					/>
				</Card>
			)}
			{tab === "terms" && <Terms id={number} />}
			{tab === "links" && <LinksOf id={number} />}
			{tab === "postbacks" && <PostbacksOf kind="affiliate" id={number} />}
			{tab === "people" && <PeopleOf kind="affiliate" id={number} />}
		</Page>
	);
}

function Overview({ id }: { id: number }) {
	const r = useRead(["reports", "week", "offers of", id, zone.value], (signal) =>
		api.GET("/api/v1/reports", {
			params: {
				query: {
					dimensions: "offer",
					names: "true",
					metrics: "clicks,conversions,cr",
					from: today(-6),
					filter: [`affiliate=${id}`],
					sort: "-clicks",
					limit: "20",
					tz: zone.value,
				},
			},
			signal,
		}),
	);
	const report = r.data as Schema["Report"] | undefined;
	const week = useWeek("offer", [`affiliate=${id}`]);
	const columns: Column<Row>[] = [
		{
			key: "offer",
			phone: "title",
			head: text.pick.offer,
			cell: (row) => <Link href={`/offers/${row.offer}`}>{said(row.offer_name ?? `#${row.offer}`)}</Link>,
		},
		...metricsOf().map((m) => ({
			key: m,
			head: metricName(m),
			end: true,
			cell: (row: Row) => week.written(Number(row.offer), m) ?? <span class="mute">–</span>,
		})),
	];
	return (
		<div class="stack loose">
			<Week filter={`affiliate=${id}`} />
			<Card flush title={t.topOffers}>
				{r.problem && !r.data ? (
					<Failed problem={r.problem} again={r.again} />
				) : (
					<Table
						stack
						caption={t.topOffers}
						columns={columns}
						rows={(report?.rows ?? []) as Row[]}
						rowKey={(row) => Number(row.offer)}
						loading={r.loading}
						empty={
							<Empty
								icon={MousePointerClick}
								title={t.noTraffic}
								action={may("write") && <Go to={`/links?affiliate=${id}`}>{t.buildLink}</Go>}
							>
								{t.noTrafficHint}
							</Empty>
						}
					/>
				)}
			</Card>
		</div>
	);
}

function Details({ record }: { record: Tagged<Record> }) {
	const path = { id: record.value.id ?? 0 };
	const edit: Edit<Record> = useEdit<Record>(record, {
		send: (patch, etag) =>
			api.PATCH("/api/v1/affiliates/{id}", { params: { path, header: ifMatch(etag) }, body: patch as never }),
		reread: () => api.GET("/api/v1/affiliates/{id}", { params: { path } }),
		touches: ["affiliates"],
	});
	const { draft: a, set } = edit;
	return (
		<Card class="narrow">
			<EditForm edit={edit} label={t.tabs.details} names={text.setup.fieldNames}>
				<TextField
					label={text.setup.parties.affiliate.name}
					name="name"
					value={a.name ?? ""}
					onValue={(name) => set({ name })}
					maxLength={200}
				/>
				<RadioField
					label={text.setup.offers.status}
					name="status"
					value={a.status ?? "active"}
					onValue={(status) => set({ status: status as Record["status"] })}
					choices={(["active", "pending", "blocked"] as const).map((value) => ({
						value,
						label: text.status[value],
						hint: t.statuses[value],
					}))}
				/>
			</EditForm>
		</Card>
	);
}

function Terms({ id }: { id: number }) {
	const terms = useRead(["terms", "affiliate", id], (signal) =>
		wholeList((paging) =>
			api.GET("/api/v1/terms", { params: { query: { affiliate_id: String(id), ...paging } }, signal }),
		),
	);
	const columns: Column<Term>[] = [
		{
			key: "offer",
			phone: "title",
			head: text.pick.offer,
			cell: (term) => (
				<Link href={`/offers/${term.offer_id}/payouts`}>
					<Named kind="offer" id={term.offer_id} plain />
				</Link>
			),
		},
		{
			key: "who",
			phone: "wide",
			head: t.within,
			cell: (term) => holdsFor({ ...term, affiliate_id: undefined }, undefined) || t.everything,
		},
		{ key: "state", phone: "aside", head: text.setup.offers.status, cell: (term) => <TermState of={term} /> },
		{
			key: "payout",
			head: text.setup.offers.payout,
			end: true,
			cell: (term) =>
				term.payout ? <Price of={term.payout} offer={term.offer_id} /> : text.setup.payouts.same,
		},
		{
			key: "revenue",
			head: text.setup.offers.revenue,
			end: true,
			cell: (term) =>
				term.revenue ? <Price of={term.revenue} offer={term.offer_id} /> : text.setup.payouts.same,
		},
		{ key: "period", phone: "wide", head: text.setup.payouts.period, cell: period },
	];
	return (
		<Card flush title={text.setup.payouts.terms} footer={<p class="mute small">{t.termsHint}</p>}>
			{terms.problem && !terms.data ? (
				<Failed problem={terms.problem} again={terms.again} />
			) : (
				<Table
					stack
					caption={text.setup.payouts.terms}
					columns={columns}
					rows={[...(terms.data ?? [])].reverse()}
					rowKey={(term) => term.id ?? 0}
					loading={terms.loading}
					empty={
						<Empty icon={BadgeDollarSign} title={t.noTerms}>
							{t.noTermsHint}
						</Empty>
					}
				/>
			)}
		</Card>
	);
}

/** A price in the currency of its offer. */
function Price({ of, offer }: { of: Term["payout"]; offer: number | undefined }) {
	const got = useRead(
		["offers", String(offer)],
		(signal) => api.GET("/api/v1/offers/{id}", { params: { path: { id: offer ?? 0 } }, signal }),
		{ enabled: offer !== undefined, keep: false },
	);
	return <>{priceWords(of, got.data?.currency)}</>;
}
