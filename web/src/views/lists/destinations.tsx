import { Pause, Play, Radio } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";
import { api, type Schema, useChange } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { count, span } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, When } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { Paged } from "../../ui/list.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";
import { type Bar, Filters, useNarrowing } from "./filters.tsx";
import { Owner } from "./owner.tsx";
import { stringOf } from "./query.ts";
import { millis, worded } from "./words.ts";

const t = text.lists.destinations;
const f = text.lists.fields;

type Destination = Schema["Destination"];

const destinationBar: Bar = {
	period: "",
	timeless: true,
	fields: [
		{
			name: "breaker",
			label: t.breaker,
			choices: (["open", "half_open", "closed"] as const).map((b) => ({ value: b, label: t.breakers[b] })),
		},
		{
			name: "status",
			label: t.subscription,
			choices: (["active", "paused", "disabled"] as const).map((s) => ({ value: s, label: text.status[s] })),
		},
		{ name: "host", label: f.host, text: true },
		{ name: "affiliate_id", label: f.affiliate, pick: "affiliate", sides: ["network"] },
		{ name: "advertiser_id", label: f.advertiser, pick: "advertiser", sides: ["network"] },
	],
};

/** How each subscription's queue stands. */
export default function Destinations() {
	const narrowing = useNarrowing(destinationBar);
	const { asked } = narrowing;
	const list = usePages<Destination>(
		["destinations", "list", stringOf(asked)],
		(cursor, signal) =>
			api.GET("/api/v1/destinations", {
				params: { query: { ...asked, cursor, order: "desc" } as never },
				signal,
			}),
		{ every: 5000 },
	);
	return (
		<Page title={t.title} lead={t.lead}>
			<Filters bar={destinationBar} of={narrowing} />
			<Card flush class="calm two-line">
				<Paged of={list}>
					<Table
						stack
						caption={t.title}
						columns={columnsOf()}
						rows={list.rows}
						rowKey={(d) => d.id}
						loading={list.loading}
						empty={
							narrowing.narrowed ? (
								<Empty
									title={t.noneFit}
									action={<Button onClick={narrowing.clear}>{text.lists.filters.clear}</Button>}
								/>
							) : (
								<Empty icon={Radio} title={t.empty} action={<Go to="/postbacks">{t.toPostbacks}</Go>}>
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

function columnsOf(): Column<Destination>[] {
	const all: Column<Destination>[] = [
		{
			key: "name",
			phone: "title",
			head: t.destination,
			width: 260,
			cell: (d) => (
				<>
					<Link class="lead-link" href={`/postbacks/${d.id}`}>
						{said(d.name || d.host || t.number(d.id))}
					</Link>
					<div class="mute small clip-where">
						{side.value === "network" && <Owner of={d.owner} plain />}
						{side.value === "network" && d.name && d.host && " · "}
						{d.name && d.host}
					</div>
				</>
			),
		},
		{ key: "health", phone: "wide", head: t.health, width: 260, cell: (d) => <Health of={d} /> },
	];
	all.push(
		{
			key: "waiting",
			head: text.status.waiting,
			end: true,
			cell: (d) => <Counted n={d.waiting} to={`/deliveries?tab=all&subscription_id=${d.id}&state=waiting`} />,
		},
		{
			key: "due",
			head: t.overdue,
			end: true,
			cell: (d) => (d.due > 0 && d.backlog_age ? span(millis(d.backlog_age)) : <span class="mute">–</span>),
		},
		{
			key: "dead",
			head: text.status.dead,
			end: true,
			cell: (d) => <Counted n={d.dead} to={`/deliveries?tab=all&subscription_id=${d.id}&state=dead`} bad />,
		},
		{
			key: "parked",
			head: text.status.parked,
			end: true,
			cell: (d) => <Counted n={d.parked} to={`/deliveries?tab=all&subscription_id=${d.id}&state=parked`} />,
		},
		{ key: "success", head: t.lastSuccess, cell: (d) => <When at={d.last_success_at} /> },
		{
			key: "do",
			phone: "wide",
			head: <span class="visually-hidden">{text.lists.jobs.do}</span>,
			cell: (d) => <Buttons of={d} />,
		},
	);
	return all;
}

function Counted({ n, to, bad }: { n: number; to: string; bad?: boolean }) {
	if (n === 0) return <span class="mute">0</span>;
	return (
		<Link href={to} class={bad ? "bad strong" : undefined}>
			{n >= 10_000 ? t.many : count(n)}
		</Link>
	);
}

// How a destination is, in a word, why and since when.
function Health({ of: d }: { of: Destination }) {
	const b = d.breaker;
	const l = d.last_failure;
	if (d.status !== "active")
		return (
			<Well tone="warn" word={text.status[d.status]}>
				{d.disabled_reason}
			</Well>
		);
	if (b.state !== "closed")
		return (
			<Well tone="bad" word={t.breakers[b.state]} why={b.detail}>
				{b.reason && worded("errors", b.reason)} {t.since} <When at={b.opened_at} />
			</Well>
		);
	if (l && (!d.last_success_at || l.at > d.last_success_at))
		return (
			<Well
				tone="warn"
				word={b.failures > 1 ? t.failing(b.failures) : t.failed}
				why={[l.detail, l.hint].filter(Boolean).join("\n")}
			>
				{l.http_status ? `HTTP ${l.http_status}` : worded("errors", l.error)}, <When at={l.at} />
			</Well>
		);
	return <Well tone="good" word={d.last_success_at ? t.well : t.unused} />;
}

function Well(props: {
	tone: "good" | "warn" | "bad";
	word: string;
	why?: string;
	children?: ComponentChildren;
}) {
	return (
		<div title={props.why}>
			<Badge tone={props.tone}>{props.word}</Badge>
			{props.children && <div class="mute small clip-where">{props.children}</div>}
		</div>
	);
}

function Buttons({ of: d }: { of: Destination }) {
	const touches = ["destinations", "postbacks", "deliveries", "overview"];
	const path = { id: d.id };
	const pause = useChange(() => api.POST("/api/v1/destinations/{id}/pause", { params: { path } }), {
		touches,
	});
	const resume = useChange(() => api.POST("/api/v1/destinations/{id}/resume", { params: { path } }), {
		touches,
	});
	if (!may("write")) return null;
	const name = d.name || d.host || t.number(d.id);
	const stopped = d.status !== "active" || d.breaker.state !== "closed";
	return (
		<span class="row tight nowrap">
			{stopped && (
				<Button
					small
					busy={resume.busy}
					aria-label={`${t.resume} ${name}`}
					onClick={async () => {
						if (!(await resume.run())) return;
						toast(t.resumed(name), d.status === "active" ? {} : { undo: () => void pause.run() });
					}}
				>
					<Play aria-hidden />
					{t.resume}
				</Button>
			)}
			{d.status === "active" && (
				<Button
					small
					quiet
					busy={pause.busy}
					aria-label={`${t.pause} ${name}`}
					onClick={async () => {
						if (await pause.run()) toast(t.paused(name), { undo: () => void resume.run() });
					}}
				>
					<Pause aria-hidden />
					{t.pause}
				</Button>
			)}
		</span>
	);
}
