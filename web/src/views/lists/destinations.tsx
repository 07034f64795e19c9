import { Pause, Play, Radio } from "lucide-preact";
import { Link } from "wouter-preact";
import { api, type Schema, useChange } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { count, span } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Status, When } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { Empty, Failed } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { type Column, Table, TableFoot } from "../../ui/table.tsx";
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
			api.GET("/api/v1/destinations", { params: { query: { ...asked, cursor } as never }, signal }),
		{ every: 5000 },
	);
	return (
		<Page title={t.title} lead={t.lead}>
			<Filters bar={destinationBar} of={narrowing} />
			<Card flush class="calm">
				{list.problem && list.rows.length === 0 ? (
					<Failed problem={list.problem} again={list.again} />
				) : (
					<>
						<Table
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
						{list.rows.length > 0 && (
							<TableFoot shown={list.rows.length} next={list.next} onMore={list.more} busy={list.busy} />
						)}
					</>
				)}
			</Card>
		</Page>
	);
}

function columnsOf(): Column<Destination>[] {
	const all: Column<Destination>[] = [
		{
			key: "name",
			head: t.destination,
			width: 240,
			cell: (d) => (
				<>
					<Link class="lead-link" href={`/postbacks/${d.id}`}>
						{d.name || d.host || t.number(d.id)}
					</Link>
					{d.name && d.host && <div class="mute small clip-1">{d.host}</div>}
				</>
			),
		},
		{ key: "health", head: t.health, width: 170, cell: (d) => <Health of={d} /> },
	];
	if (side.value === "network")
		all.push({ key: "owner", head: t.owner, cell: (d) => <Owner of={d.owner} /> });
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
		{ key: "failure", head: t.lastFailure, width: 260, cell: (d) => <Failure of={d} /> },
		{
			key: "do",
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

// How a destination is, in a word, and since when.
function Health({ of: d }: { of: Destination }) {
	if (d.status !== "active")
		return (
			<>
				<Status of={d.status} />
				{d.disabled_reason && <div class="mute small clip-1">{d.disabled_reason}</div>}
			</>
		);
	const b = d.breaker;
	if (b.state === "closed" && b.failures === 0) return <Badge tone="good">{t.well}</Badge>;
	if (b.state === "closed") return <Badge tone="warn">{t.failing(b.failures)}</Badge>;
	return (
		<div title={b.detail}>
			<Badge tone="bad">{t.breakers[b.state]}</Badge>{" "}
			<span class="mute small">
				{b.reason && worded("errors", b.reason)} {t.since} <When at={b.opened_at} />
			</span>
		</div>
	);
}

function Failure({ of: d }: { of: Destination }) {
	const l = d.last_failure;
	if (!l) return <span class="mute">–</span>;
	return (
		<span class="clip-said" title={[l.detail, l.hint].filter(Boolean).join("\n")}>
			<When at={l.at} />{" "}
			<span class="mute">{l.http_status ? `HTTP ${l.http_status}` : worded("errors", l.error)}</span>
		</span>
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
