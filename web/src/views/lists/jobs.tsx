// Jobs on many postbacks: how far they are, and how to stop or undo them.
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { count, plural } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Progress, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Paged } from "../../ui/list.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { undoJob } from "./bulkdialog.tsx";
import { SubscriptionName } from "./owner.tsx";

const t = text.lists.jobs;

type Job = Schema["DeliveryJob"];

const under = (j: Job) => j.state === "running" || j.state === "undoing";
const tones = { running: "info", done: "good", cancelled: "mute", undoing: "info", undone: "mute" } as const;

const listJobs = (cursor: string | undefined, signal: AbortSignal) =>
	api.GET("/api/v1/deliveries/replays", { params: { query: { cursor, limit: 50 } }, signal });

/** Jobs that are under way, with their progress; nothing when there are none. */
export function RunningJobs() {
	const all = useRead(["jobs", "latest"], (signal) => listJobs(undefined, signal), { every: 2000 });
	const mine = (all.data?.data ?? []).filter(under);
	if (mine.length === 0) return null;
	return (
		<Card title={t.running} class="below">
			<ul class="stack">
				{mine.map((j) => (
					<li key={j.id} class="stack tight">
						<div class="row between">
							<span>
								<b>{t.actions[j.action]}</b>{" "}
								<span class="mute">
									<What of={j} />
								</span>
							</span>
							<span class="row">
								<span class="num" role="status">
									{t.progress(
										count(j.state === "undoing" ? j.undone : j.done),
										count(j.state === "undoing" ? j.done : j.total),
									)}
								</span>
								<Buttons of={j} />
							</span>
						</div>
						<Progress
							done={j.state === "undoing" ? j.undone : j.done + j.skipped}
							of={j.state === "undoing" ? j.done : j.total}
							label={t.actions[j.action]}
						/>
					</li>
				))}
			</ul>
		</Card>
	);
}

/** All jobs, the newest first. */
export function Jobs() {
	const list = usePages<Job>(["jobs", "list"], listJobs, { every: 3000 });
	const columns: Column<Job>[] = [
		{ key: "at", head: t.begun, cell: (j) => <When at={j.created_at} /> },
		{ key: "action", head: t.what, cell: (j) => t.actions[j.action] },
		{ key: "which", head: t.which, wrap: true, cell: (j) => <What of={j} /> },
		{ key: "state", head: t.state, cell: (j) => <Badge tone={tones[j.state]}>{t.states[j.state]}</Badge> },
		{ key: "done", head: t.done, end: true, cell: (j) => t.progress(count(j.done), count(j.total)) },
		{ key: "undone", head: t.undone, end: true, cell: (j) => count(j.undone) },
	];
	if (side.value === "network") columns.push({ key: "actor", head: t.actor, cell: (j) => j.actor ?? "–" });
	columns.push({
		key: "do",
		head: <span class="visually-hidden">{t.do}</span>,
		cell: (j) => <Buttons of={j} />,
	});
	return (
		<Card flush>
			<Paged of={list}>
				<Table
					caption={t.all}
					columns={columns}
					rows={list.rows}
					rowKey={(j) => j.id}
					loading={list.loading}
					empty={<Empty title={t.empty}>{t.emptyHint}</Empty>}
				/>
			</Paged>
		</Card>
	);
}

// Which postbacks a job was for.
function What({ of: j }: { of: Job }) {
	const f = j.filter;
	const parts: string[] = [];
	if (f.state) parts.push(text.status[f.state as keyof typeof text.status]?.toLowerCase() ?? f.state);
	if (f.http_status) parts.push(`HTTP ${f.http_status}`);
	else if (f.error)
		parts.push((text.lists.errors as Record<string, string>)[f.error]?.toLowerCase() ?? f.error);
	if (f.host) parts.push(f.host);
	if (f.event) parts.push(f.event);
	if (f.transaction_id) parts.push(f.transaction_id);
	if (f.conversion_id) parts.push(f.conversion_id);
	return (
		<>
			{f.subscription_id ? <SubscriptionName id={f.subscription_id} /> : null}
			{f.subscription_id && parts.length > 0 && ", "}
			{parts.join(", ")}
			{!f.subscription_id && parts.length === 0 && t.everything}
		</>
	);
}

function Buttons({ of: j }: { of: Job }) {
	const touches = ["jobs", "deliveries", "destinations"];
	const path = { id: j.id };
	const cancel = useChange(() => api.POST("/api/v1/deliveries/replays/{id}/cancel", { params: { path } }), {
		touches,
		done: t.cancelled,
	});
	const undo = useChange(() => undoJob(j.id), { touches, done: plural(j.done, t.undoing) });
	if (!may("write")) return null;
	if (j.state === "running")
		return (
			<Button small busy={cancel.busy} onClick={() => void cancel.run()}>
				{t.cancel}
			</Button>
		);
	if ((j.state === "done" || j.state === "cancelled") && j.done > 0)
		return (
			<Button small quiet busy={undo.busy} onClick={() => void undo.run()}>
				{text.common.undo}
			</Button>
		);
	return null;
}
