// The live check: a test click, the landing page, and what arrives for it.

import {
	CircleAlert,
	CircleCheck,
	ExternalLink,
	FlaskConical,
	LoaderCircle,
	TriangleAlert,
} from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { span } from "../../lib/format.ts";
import { may } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Copy, Status, TraceLink, When } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { Failed, Notice, Skeleton } from "../../ui/notice.tsx";
import { said } from "../../ui/said.tsx";
import { Table } from "../../ui/table.tsx";

const t = text.integration.check;

type Checked = Schema["IntegrationCheck"];

/** Begins a check, and watches it until a postback has come. */
export function Check({ offerId, id, onId }: { offerId: number; id: string; onId: (id: string) => void }) {
	const begin = useChange(() =>
		api.POST("/api/v1/offers/{offer_id}/check-integration", {
			params: { path: { offer_id: offerId } },
			body: {},
		}),
	);
	const start = async () => {
		const got = await begin.run();
		if (got) onId(got.transaction_id);
	};
	if (!id)
		return (
			<div class="stack tight">
				<p>{t.what}</p>
				<div class="row">
					<Button primary onClick={start} busy={begin.busy} disabled={!may("write")}>
						<FlaskConical aria-hidden />
						{t.begin}
					</Button>
					<span class="mute small">{may("write") ? t.harmless : t.mayNot}</span>
				</div>
			</div>
		);
	return <Watch key={id} offerId={offerId} id={id} again={start} busy={begin.busy} />;
}

// Each question waits so long for a postback; after the whole one has to ask by hand.
const patience = "20s";
const pause = 2000;
const whole = 15 * 60_000;

/** Whether the last thing that came was taken, whatever came before it. */
const taken = (c: Checked): boolean => {
	const last = c.verdicts.at(-1);
	return last !== undefined && last.status !== "rejected" && last.status !== "queued";
};

function Watch({
	offerId,
	id,
	again,
	busy,
}: {
	offerId: number;
	id: string;
	again: () => void;
	busy: boolean;
}) {
	const [since] = useState(Date.now());
	const [watching, setWatching] = useState(true);
	const [first, setFirst] = useState(true);
	const check = useRead(
		["check", offerId, id, first],
		(signal) =>
			api.GET("/api/v1/offers/{offer_id}/check-integration/{transaction_id}", {
				params: { path: { offer_id: offerId, transaction_id: id }, query: first ? {} : { wait: patience } },
				signal,
			}),
		{ every: watching && !first ? pause : undefined },
	);
	const got = check.data;
	const done = got !== undefined && taken(got);
	useEffect(() => {
		if (got && first) setFirst(false);
		if (done) setWatching(false);
	}, [got, first, done]);
	useEffect(() => {
		const end = setTimeout(() => setWatching(false), whole);
		return () => clearTimeout(end);
	}, []);
	if (check.problem)
		return (
			<div class="stack">
				<Failed problem={check.problem} again={check.again} />
				<div>
					<Button onClick={again} busy={busy}>
						{t.beginAgain}
					</Button>
				</div>
			</div>
		);
	if (!got) return <Skeleton lines={5} />;
	return (
		<div class="stack">
			<Landing of={got} />
			<div aria-live="polite" class="stack">
				<Standing of={got} since={since} watching={watching} />
				<Findings of={got} waiting={watching && got.verdicts.length === 0} />
			</div>
			{got.verdicts.length > 0 && <Verdicts of={got} />}
			<div class="row">
				<Go small to={`/trace/${id}`}>
					{t.seeTrace}
				</Go>
				{!watching && (
					<Button small onClick={() => setWatching(true)}>
						{t.watch}
					</Button>
				)}
				<Button small onClick={again} busy={busy} disabled={!may("write")}>
					{t.beginAgain}
				</Button>
			</div>
		</div>
	);
}

function Landing({ of }: { of: Checked }) {
	return (
		<div class="stack tight">
			<p>{t.open}</p>
			<div class="row">
				{of.landing_url && /^https?:/i.test(of.landing_url) && (
					<a class="btn" href={of.landing_url} target="_blank" rel="noopener noreferrer">
						<ExternalLink aria-hidden />
						{t.openLanding}
					</a>
				)}
				<span class="row tight">
					<span class="mute small">{t.id}</span>
					<TraceLink id={of.transaction_id} />
					<Copy value={of.transaction_id} />
				</span>
			</div>
			{of.landing_url && <p class="id break mute">{of.landing_url}</p>}
		</div>
	);
}

function Standing({ of, since, watching }: { of: Checked; since: number; watching: boolean }) {
	if (of.state === "working") return <Notice tone="good">{t.working}</Notice>;
	if (taken(of)) return <Notice tone="good">{t.takenNow}</Notice>;
	const some = of.verdicts.length > 0;
	return (
		<>
			{some && <Notice tone="bad">{t.problems}</Notice>}
			{!watching && !some && <Notice tone="warn">{t.gaveUp}</Notice>}
			{watching && (
				<p class="row waiting">
					<LoaderCircle class="spin" aria-hidden />
					<span>{some ? t.waitingNext : t.waiting}</span>
					<Elapsed since={since} />
				</p>
			)}
		</>
	);
}

// The seconds are for the eye: they would be read out each time.
function Elapsed({ since }: { since: number }) {
	const [now, setNow] = useState(Date.now());
	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), 1000);
		return () => clearInterval(timer);
	}, []);
	return (
		<span class="mute num" aria-hidden>
			{span(Math.floor((now - since) / 1000) * 1000)}
		</span>
	);
}

const icons = { ok: CircleCheck, warning: TriangleAlert, problem: CircleAlert };
const tones = { ok: "good", warning: "warn", problem: "bad" };

function Findings({ of, waiting }: { of: Checked; waiting: boolean }) {
	const all = of.findings.filter((f) => !(waiting && f.code === "nothing_came"));
	if (all.length === 0) return null;
	return (
		<ul class="findings">
			{all.map((f, i) => {
				const Icon = icons[f.level];
				return (
					<li key={`${f.code}${i}`}>
						<Icon class={tones[f.level]} aria-hidden />
						<div class="grow">
							<span class="visually-hidden">{t.levels[f.level]}: </span>
							<span class="break">{said(f.text)}</span>{" "}
							{f.request_id && <Link href={`/signals/${f.request_id}`}>{t.seeSignal}</Link>}
						</div>
					</li>
				);
			})}
		</ul>
	);
}

function Verdicts({ of }: { of: Checked }) {
	return (
		<Table
			caption={t.came}
			rows={of.verdicts}
			rowKey={(v) => v.request_id}
			columns={[
				{ key: "status", head: t.status, cell: (v) => <Status of={v.status} /> },
				{ key: "code", head: t.code, cell: (v) => <code>{v.code}</code> },
				{ key: "message", head: t.said, wrap: true, cell: (v) => v.message },
				{ key: "at", head: text.common.time, end: true, cell: (v) => <When at={v.received_at} /> },
				{
					key: "signal",
					head: t.signal,
					cell: (v) => <Link href={`/signals/${v.request_id}`}>{t.seeSignal}</Link>,
				},
			]}
		/>
	);
}
