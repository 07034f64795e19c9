// One postback: what it says, how it goes, and what may be done about it.
import { KeyRound, Pause, Play, Send } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link, useParams } from "wouter-preact";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { useEdit } from "../../api/edit.ts";
import { ifMatch, jsonOf, type Tagged, tagged } from "../../api/record.ts";
import { ago, count, dateTime } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Status, TraceLink, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { EditForm } from "../../ui/edit.tsx";
import { Empty, Notice, Read } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";
import { useUnsaved } from "../../ui/unsaved.ts";
import { Owner } from "../lists/owner.tsx";
import { changesOf, has, isPixel, type Postback } from "./draft.ts";
import { LimitFields, MoreFields, RequestFields, ScopeFields, WhenFields } from "./fields.tsx";
import { NewPostback } from "./new.tsx";
import { nameOf } from "./postbacks.tsx";
import "./postbacks.css";
import { said } from "../../ui/said.tsx";
import { PreviewCard, toldOf, usePreview } from "./preview.tsx";
import { RenewSecret } from "./secret.tsx";
import { TestDialog } from "./testsend.tsx";

const t = text.postbacks;

export default function OnePostback() {
	const { id } = useParams<{ id: string }>();
	return id === "new" ? <NewPostback /> : <Kept key={id} id={Number(id)} />;
}

const crumbs = [{ label: t.title, to: "/postbacks" }];

const readOne = (id: number, signal?: AbortSignal) =>
	api.GET("/api/v1/postbacks/{id}", { params: { path: { id } }, signal });

function Kept({ id }: { id: number }) {
	const one = useRead(["postbacks", "one", id], (signal) => tagged(readOne(id, signal)), { keep: false });
	if (one.data) return <Editor id={id} record={one.data} />;
	return (
		<Page title={t.title} crumbs={crumbs}>
			<Read of={one}>{() => null}</Read>
		</Page>
	);
}

function Editor({ id, record }: { id: number; record: Tagged<Postback> }) {
	const edit = useEdit(record, {
		send: (patch, etag) =>
			api.PATCH("/api/v1/postbacks/{id}", {
				params: { path: { id }, header: ifMatch(etag) },
				body: patch as Schema["PostbackChange"],
			}),
		reread: () => readOne(id),
		touches: ["postbacks", "destinations"],
	});
	const { draft, kept, dirty } = edit;
	useUnsaved(dirty);
	const [source, setSource] = useState("");
	const [event, setEvent] = useState("");
	const [testing, setTesting] = useState(false);
	const [renewing, setRenewing] = useState(false);
	const preview = usePreview({
		...changesOf(kept, draft, id),
		conversion_id: source || undefined,
		event: (event || undefined) as never,
	});
	const told = toldOf([preview.problem, edit.problem], preview.data?.warnings);
	const fields = { draft, set: edit.set, told };
	const format = draft.format ?? "get";
	const test = async () => {
		if (!dirty || (await edit.save())) setTesting(true);
	};
	return (
		<Page
			title={nameOf(kept)}
			crumbs={crumbs}
			lead={<Lead of={kept} />}
			actions={
				may("write") && (
					<>
						<Running of={kept} id={id} />
						{has(format, "secret") && kept.secret && (
							<Button onClick={() => setRenewing(true)}>
								<KeyRound aria-hidden />
								{t.one.rotate}
							</Button>
						)}
						{!isPixel(format) && (
							<Button onClick={test} busy={edit.busy}>
								<Send aria-hidden />
								{dirty ? t.test.saveSend : t.test.send}
							</Button>
						)}
					</>
				)
			}
		>
			<div class="stack">
				<State of={kept} id={id} />
				<div class="editor">
					<EditForm edit={edit} label={nameOf(kept)}>
						<Card title={t.form.request}>
							<div class="stack">
								<RequestFields {...fields} />
							</div>
						</Card>
						<Card title={t.form.when}>
							<div class="stack">
								<ScopeFields {...fields} made />
								<WhenFields {...fields} />
							</div>
						</Card>
						<MoreFields {...fields} />
						<LimitFields {...fields} />
					</EditForm>
					<div class="beside">
						<PreviewCard
							draft={draft}
							reading={preview}
							ready
							source={source}
							onSource={setSource}
							event={event}
							onEvent={setEvent}
						/>
					</div>
				</div>
				<Deliveries id={id} />
			</div>
			{testing && (
				<TestDialog
					postback={{ ...kept, id }}
					source={source}
					onSource={setSource}
					onClose={() => setTesting(false)}
				/>
			)}
			{renewing && <RenewSecret id={id} signs={format === "webhook"} onClose={() => setRenewing(false)} />}
		</Page>
	);
}

function Lead({ of }: { of: Postback }) {
	return (
		<span class="row">
			<Status of={of.status} />
			<span>{t.formats[of.format ?? "get"]}</span>
			{side.value === "network" && <Owner of={of.owner} />}
			{of.template && <span>{t.one.fromTemplate(of.template)}</span>}
		</span>
	);
}

/** Pauses and resumes. Both can be undone by the other. */
function Running({ of, id }: { of: Postback; id: number }) {
	const params = { params: { path: { id } } };
	const touches = ["postbacks", "destinations", "deliveries"];
	const pause = useChange(() => api.POST("/api/v1/destinations/{id}/pause", params), { touches });
	const resume = useChange(() => api.POST("/api/v1/destinations/{id}/resume", params), { touches });
	const go = async () => {
		if (await resume.run()) toast(t.one.resumed);
	};
	const stop = async () => {
		if (await pause.run()) toast(t.one.paused, { undo: () => void go() });
	};
	if (of.status === "active")
		return (
			<Button onClick={stop} busy={pause.busy}>
				<Pause aria-hidden />
				{t.one.pause}
			</Button>
		);
	return (
		<Button onClick={go} busy={resume.busy}>
			<Play aria-hidden />
			{of.status === "disabled" ? t.one.enable : t.one.resume}
		</Button>
	);
}

/** What is to be known before anything else: it is disabled, down, or behind. */
function State({ of, id }: { of: Postback; id: number }) {
	const d = useRead(
		["destinations", id],
		(signal) => api.GET("/api/v1/destinations/{id}", { params: { path: { id } }, signal }),
		{ every: 15_000, enabled: !isPixel(of.format ?? "get") },
	).data;
	const resume = useChange(() => api.POST("/api/v1/destinations/{id}/resume", { params: { path: { id } } }), {
		touches: ["postbacks", "destinations", "deliveries"],
		done: t.one.resumed,
	});
	const b = d?.breaker;
	return (
		<>
			{of.status === "disabled" && (
				<Notice tone="bad">
					<p class="strong">{t.one.disabled(of.disabled_reason || t.test.failed, ago(of.disabled_at))}</p>
					<p>{t.one.disabledHint}</p>
				</Notice>
			)}
			{b && b.state !== "closed" && (
				<Notice tone={b.state === "open" ? "bad" : "warn"}>
					<p class="strong">
						{b.state === "open" ? t.one.breakerOpen(count(b.failures), ago(b.opened_at)) : t.one.breakerHalf}
					</p>
					<p>
						{said(b.detail)} {b.probe_at && t.one.probe(ago(b.probe_at))} {said(d.last_failure?.hint)}
					</p>
					{may("write") && (
						<Button small busy={resume.busy} onClick={() => resume.run()}>
							{t.one.retryNow}
						</Button>
					)}
				</Notice>
			)}
			{of.previous_until && new Date(of.previous_until) > new Date() && (
				<Notice>{t.one.previous(dateTime(of.previous_until))}</Notice>
			)}
		</>
	);
}

/** What it sent and owes of late. */
function Deliveries({ id }: { id: number }) {
	const list = useRead(
		["deliveries", "of", id],
		(signal) =>
			jsonOf(
				api.GET("/api/v1/deliveries", {
					params: { query: { subscription_id: id, limit: 10 } },
					signal,
				}),
			),
		{ every: 15_000 },
	);
	return (
		<Card
			title={t.one.deliveries}
			flush
			actions={<Link href={`/deliveries?subscription=${id}`}>{t.one.allDeliveries}</Link>}
		>
			<Read of={list}>
				{(got) => (
					<Table
						stack
						caption={t.one.deliveries}
						rows={got.data ?? []}
						rowKey={(d) => d.id}
						empty={
							<Empty icon={Send} title={t.one.noDeliveries}>
								{t.one.noDeliveriesHint}
							</Empty>
						}
						columns={[
							{
								key: "event",
								phone: "title",
								head: t.one.event,
								cell: (d) => (
									<span class="row tight nowrap">
										<Link href={`/deliveries/${d.id}`} class="strong">
											{(t.events[d.event] ?? t.alerts[d.event] ?? d.event).split(":")[0]}
										</Link>
										{d.test && <Badge>{t.one.test}</Badge>}
									</span>
								),
							},
							{ key: "state", phone: "aside", head: t.one.state, cell: (d) => <Status of={d.state} /> },
							{ key: "answer", head: t.one.answer, end: true, cell: (d) => d.last_status || "–" },
							{ key: "attempts", head: t.one.attempts, end: true, cell: (d) => count(d.attempts) },
							{
								key: "trace",
								head: t.one.conversion,
								cell: (d) => <TraceLink id={d.transaction_id} short />,
							},
							{ key: "at", head: t.one.created, end: true, cell: (d) => <When at={d.created_at} /> },
						]}
					/>
				)}
			</Read>
		</Card>
	);
}
