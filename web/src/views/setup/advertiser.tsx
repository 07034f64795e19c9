import { Megaphone, Plus } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link, useLocation, useParams } from "wouter-preact";
import { api, useRead } from "../../api/client.ts";
import { type Edit, useEdit } from "../../api/edit.ts";
import { ifMatch, type Tagged, tagged, wholeList } from "../../api/record.ts";
import { may } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Status } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { EditForm } from "../../ui/edit.tsx";
import { RadioField } from "../../ui/fields.tsx";
import { TextField } from "../../ui/form.tsx";
import { Empty, Failed, Skeleton } from "../../ui/notice.tsx";
import { Card, Page, TabLinks } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { Table } from "../../ui/table.tsx";
import { NewOffer } from "./newoffer.tsx";
import { PeopleOf, PostbacksOf, ViewAs } from "./parties.tsx";
import { priceWords } from "./pricefields.tsx";
import { Security } from "./security.tsx";
import "./setup.css";
import { StatusWords } from "./statuswords.tsx";
import type { Advertiser as Record } from "./types.ts";
import { metricName, useWeek, Week } from "./week.tsx";

const t = text.setup.advertiser;
const parts = ["overview", "details", "security", "words", "postbacks", "people"] as const;
type Part = (typeof parts)[number];

/** One advertiser. */
export default function Advertiser() {
	const { id = "" } = useParams<{ id: string }>();
	const [f] = useUrlState({ tab: "overview" });
	const tab: Part = parts.find((p) => p === f.tab) ?? "overview";
	const record = useRead(
		["advertisers", id, "record"],
		(signal) => tagged(api.GET("/api/v1/advertisers/{id}", { params: { path: { id: Number(id) } }, signal })),
		{ enabled: /^\d+$/.test(id), keep: false },
	);
	const crumbs = [{ label: text.nav.advertisers, to: "/advertisers" }];
	if (record.problem && !record.data)
		return (
			<Page title={text.pick.advertiser} crumbs={crumbs}>
				<Failed problem={record.problem} again={record.again} />
			</Page>
		);
	if (!record.data)
		return (
			<Page title={text.pick.advertiser} crumbs={crumbs}>
				<Skeleton lines={8} />
			</Page>
		);
	return <Loaded key={id} record={record.data} tab={tab} crumbs={crumbs} />;
}

/** What the parts of an advertiser's page share. */
export type PartProps = { record: Tagged<Record>; edit: Edit<Record> };

/** The draft of an advertiser. */
export function useAdvertiserEdit(record: Tagged<Record>): Edit<Record> {
	const path = { id: record.value.id ?? 0 };
	return useEdit<Record>(record, {
		send: (patch, etag) =>
			api.PATCH("/api/v1/advertisers/{id}", {
				params: { path, header: ifMatch(etag) },
				body: patch as never,
			}),
		reread: () => api.GET("/api/v1/advertisers/{id}", { params: { path } }),
		touches: ["advertisers"],
	});
}

function Loaded(props: { record: Tagged<Record>; tab: Part; crumbs: { label: string; to: string }[] }) {
	const { record, tab, crumbs } = props;
	const a = record.value;
	const id = a.id ?? 0;
	const edit = useAdvertiserEdit(record);
	const path = (p: Part) => (p === "overview" ? `/advertisers/${id}` : `/advertisers/${id}?tab=${p}`);
	const mine = parts.filter((p) => p !== "people" || may("write"));
	return (
		<Page
			title={a.name ?? ""}
			crumbs={crumbs}
			lead={
				<span class="row">
					<Status of={a.status ?? "active"} />
					<span class="num">#{id}</span>
				</span>
			}
			actions={<ViewAs kind="advertiser" id={id} name={a.name ?? ""} />}
		>
			<TabLinks label={t.parts} at={path(tab)} tabs={mine.map((p) => ({ to: path(p), label: t.tabs[p] }))} />
			{tab === "overview" && <Overview id={id} />}
			{tab === "details" && <Details edit={edit} />}
			{tab === "security" && <Security record={record} edit={edit} />}
			{tab === "words" && <StatusWords record={record} edit={edit} />}
			{tab === "postbacks" && <PostbacksOf kind="advertiser" id={id} />}
			{tab === "people" && <PeopleOf kind="advertiser" id={id} />}
		</Page>
	);
}

function Overview({ id }: { id: number }) {
	const offers = useRead(["offers", "of", id], (signal) =>
		wholeList((paging) =>
			api.GET("/api/v1/offers", { params: { query: { advertiser_id: String(id), ...paging } }, signal }),
		),
	);
	const week = useWeek("offer");
	const [, go] = useLocation();
	const [making, setMaking] = useState(false);
	const rows = [...(offers.data ?? [])].reverse();
	const make = may("write") && (
		<Button small onClick={() => setMaking(true)}>
			<Plus aria-hidden />
			{text.setup.offers.create}
		</Button>
	);
	return (
		<div class="stack loose">
			<Week filter={`advertiser=${id}`} />
			<Card flush title={text.nav.offers} actions={make}>
				<Table
					stack
					caption={text.nav.offers}
					columns={[
						{
							key: "name",
							phone: "title",
							head: text.setup.offers.name,
							cell: (o) => (
								<span>
									<Link href={`/offers/${o.id}`}>{said(o.name)}</Link> <span class="mute small">#{o.id}</span>
								</span>
							),
						},
						{
							key: "status",
							phone: "aside",
							head: text.setup.offers.status,
							cell: (o) => <Status of={o.status ?? "active"} />,
						},
						{
							key: "revenue",
							head: text.setup.offers.revenue,
							end: true,
							cell: (o) => priceWords(o.revenue, o.currency),
						},
						...["clicks", "conversions", "revenue"].map((m) => ({
							key: `w${m}`,
							head: text.setup.offers.inWeek(metricName(m)),
							end: true,
							cell: (o: { id?: number }) => week.written(o.id, m) ?? <span class="mute">–</span>,
						})),
					]}
					rows={rows}
					rowKey={(o) => o.id ?? 0}
					onRow={(o) => go(`/offers/${o.id}`)}
					loading={offers.loading}
					empty={<Empty icon={Megaphone} title={t.noOffers} action={make} />}
				/>
			</Card>
			{making && <NewOffer advertiser={String(id)} onClose={() => setMaking(false)} />}
		</div>
	);
}

function Details({ edit }: { edit: Edit<Record> }) {
	const { draft: a, set } = edit;
	return (
		<Card class="narrow">
			<EditForm edit={edit} label={t.tabs.details} names={text.setup.fieldNames}>
				<TextField
					label={text.setup.parties.advertiser.name}
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
					choices={[
						{ value: "active", label: text.status.active, hint: t.active },
						{ value: "paused", label: text.status.paused, hint: t.paused },
					]}
				/>
			</EditForm>
		</Card>
	);
}
