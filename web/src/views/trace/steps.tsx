import {
	Banknote,
	CircleCheck,
	CircleDollarSign,
	CircleX,
	Eye,
	Gavel,
	type LucideIcon,
	MousePointerClick,
	Radio,
	Send,
	SquareArrowOutUpRight,
	Undo2,
} from "lucide-preact";
import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";
import type { Schema } from "../../api/client.ts";
import { codeName } from "../../lib/codes.ts";
import { clock, instant, span, sum } from "../../lib/format.ts";
import { text } from "../../text/en.ts";
import { Badge, Code, Status } from "../../ui/bits.tsx";
import { Facts } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { told, worded } from "../lists/words.ts";
import { type Reader, Told } from "./told.tsx";

type Step = Schema["TraceStep"];
// A step's record has the shape of its kind, with what the role may see of it.
// biome-ignore lint/suspicious/noExplicitAny: any part may be missing, by role
type Loose = any;

const t = text.trace;

const icons: Record<Step["kind"], LucideIcon> = {
	click: MousePointerClick,
	impression: Eye,
	sent: SquareArrowOutUpRight,
	turned_away: Undo2,
	signal: Radio,
	verdict: Gavel,
	conversion: CircleDollarSign,
	pixel: Eye,
	entry: Banknote,
	delivery: Send,
	attempt: CircleCheck,
};

// A pause that is long enough to be pointed at.
const longPause = 60_000;

/** The way of one visitor, step by step, with the pauses between. */
export function Steps({
	steps,
	reader,
	actions,
}: {
	steps: Step[];
	reader: Reader;
	actions?: (step: Step) => ComponentChildren;
}) {
	const first = steps[0] ? Date.parse(steps[0].at) : 0;
	return (
		<ol class="steps">
			{steps.map((s, i) => {
				const before = steps[i - 1];
				const pause = before ? Date.parse(s.at) - Date.parse(before.at) : 0;
				const since = Date.parse(s.at) - first;
				return (
					<>
						{pause >= longPause && (
							<li class="gap" key={`g${i}`}>
								<span />
								<span class="line" />
								<span>{t.later(span(pause))}</span>
							</li>
						)}
						<li class="step" key={`${s.kind}${s.id}${i}`}>
							<div class="at" title={instant(s.at)}>
								<time dateTime={s.at}>{clock(s.at)}</time>
								<br />
								<span class="small">{i === 0 ? t.start : `+${span(since)}`}</span>
							</div>
							<Mark step={s} />
							<div class="what">
								<Told step={s} reader={reader} />
								<div class="row small">
									<span class="mute">{t.store[s.store]}</span>
									{visited(s) && (s.record as Loose)?.visitor?.bot && (
										<Badge title={t.fact.botYes}>{t.bot}</Badge>
									)}
									{actions?.(s)}
								</div>
								<Details step={s} reader={reader} />
							</div>
						</li>
					</>
				);
			})}
		</ol>
	);
}

function toneOf(s: Step): string {
	const r = s.record as Loose;
	const status: string = r?.state ?? r?.status ?? "";
	if (s.kind === "turned_away") return "warn";
	if (s.kind === "attempt") return r?.error || Number(status) >= 400 || !r?.status ? "bad" : "good";
	if (["rejected", "dead", "reversed"].includes(status)) return "bad";
	if (["accepted", "approved", "delivered", "updated", "paid"].includes(status)) return "good";
	if (["pending", "hold", "waiting", "parked", "queued"].includes(status)) return "warn";
	return visited(s) ? "info" : "";
}

const visited = (s: Step) => s.kind === "click" || s.kind === "impression";

function Mark({ step }: { step: Step }) {
	const tone = toneOf(step);
	const Icon = step.kind === "attempt" && tone === "bad" ? CircleX : (icons[step.kind] ?? Radio);
	return (
		<div class={`mark ${tone}`}>
			<span>
				<Icon aria-hidden />
			</span>
		</div>
	);
}

// What there is to see behind a step, by its kind; the record as the API has it
// stands below.
function Details({ step, reader }: { step: Step; reader: Reader }) {
	const r = step.record as Loose;
	if (!r || Object.keys(r).length === 0) return null;
	const facts = (factsOf[step.kind]?.(r, reader) ?? []).filter(
		([, v]) => v !== undefined && v !== null && v !== "",
	);
	const open = toneOf(step) === "bad";
	return (
		<details open={open}>
			<summary>{t.details}</summary>
			<div class="inside">
				{facts.length > 0 && <Facts of={facts} />}
				{step.kind === "signal" && r.raw && (
					<div>
						<p class="small mute">{t.raw}</p>
						<Code of={`${r.method ?? ""} ${r.path ?? ""}\n${r.raw}`} wrap label={t.raw} />
					</div>
				)}
				{r.candidates?.length > 0 && <Candidates all={r.candidates} />}
				{r.verdict?.candidates?.length > 0 && <Candidates all={r.verdict.candidates} />}
				{step.kind === "attempt" && <Attempt of={r} />}
				<details>
					<summary>{t.record}</summary>
					<Code of={JSON.stringify(r, null, 2)} label={t.record} />
				</details>
			</div>
		</details>
	);
}

type Fact = [ComponentChildren, ComponentChildren];

const visitor = (r: Loose): Fact[] => [
	[t.fact.visitor, [r.visitor?.browser, r.visitor?.os, r.visitor?.device].filter(Boolean).join(" · ")],
	[t.fact.country, [r.visitor?.country, r.visitor?.region].filter(Boolean).join(", ")],
	[t.fact.bot, r.visitor?.bot ? t.fact.botYes : undefined],
	[t.fact.ip, r.ip],
	[t.fact.agent, r.user_agent],
	[t.fact.referrer, r.referrer],
];

const verdict = (v: Loose, reader: Reader): Fact[] =>
	v
		? [
				[t.fact.verdict, <Status key="s" of={v.status} />],
				[t.fact.code, <code key="c">{v.code}</code>],
				[t.fact.message, v.message && told(v.message, v.code ?? "", reader.side)],
				[t.fact.rule, v.rule],
			]
		: [];

const factsOf: Partial<Record<Step["kind"], (r: Loose, reader: Reader) => Fact[]>> = {
	click: (r) => [
		[t.fact.affClick, r.aff_click_id],
		[t.fact.source, r.source],
		...((r.sub ?? []) as string[]).map((v, i): Fact => [`sub${i + 1}`, v]),
		...visitor(r),
		[t.fact.to, r.sent_to],
		[t.fact.turnedAway, worded("turned", r.turned_away)],
	],
	impression: (r) => [[t.fact.affClick, r.aff_click_id], [t.fact.source, r.source], ...visitor(r)],
	sent: (r) => [[t.fact.to, r.url]],
	turned_away: (r) => [
		[t.fact.turnedAway, worded("turned", r.turned_away ?? r.reason)],
		[t.fact.to, r.url],
	],
	signal: (r, reader) => [
		[t.fact.channel, worded("channels", r.channel)],
		[t.fact.auth, r.auth],
		[t.fact.ip, r.ip],
		[t.fact.malformed, r.malformed],
		...Object.entries((r.parameters ?? {}) as Record<string, string>).map(
			([k, v]): Fact => [<code key={k}>{k}</code>, v],
		),
		...verdict(r.verdict, reader),
	],
	verdict,
	conversion: (r) => [
		[t.fact.status, <Status key="s" of={r.status} />],
		[t.fact.reason, r.reason === "superseded" ? text.lists.superseded : r.reason],
		[t.fact.goal, r.goal],
		[t.fact.order, r.order_id],
		[t.fact.amount, r.amount && sum(r.amount)],
		[t.fact.payout, r.payout && sum(r.payout)],
		[t.fact.revenue, r.revenue && sum(r.revenue)],
		[t.fact.term, r.term],
		[t.fact.rule, worded("by", r.touch?.by)],
	],
	entry: (r) => [
		[t.fact.booked, r.amount && sum(r.amount)],
		[
			t.fact.party,
			[worded("parties", r.account?.party), r.account?.party_id || ""].filter(Boolean).join(" "),
		],
		[t.fact.book, text.work.balances.books[r.account?.book] ?? r.account?.book],
		[t.fact.reason, worded("events", r.reason)],
	],
	delivery: (r) => [
		[t.fact.state, <Status key="s" of={r.state} />],
		[t.fact.event, worded("events", r.event)],
		[t.fact.attempts, r.attempts],
		[t.fact.due, r.state === "waiting" ? instant(r.due_at) : undefined],
		[
			t.fact.postback,
			r.subscription_id && <Link href={`/postbacks/${r.subscription_id}`}>#{r.subscription_id}</Link>,
		],
	],
	attempt: (r) => [
		[t.fact.request, r.url && `${r.method ?? ""} ${r.url}`],
		[t.fact.answer, r.status],
		[t.fact.error, [worded("errors", r.error), r.detail].filter(Boolean).join(": ")],
		[t.fact.hint, r.hint],
		[t.fact.took, r.took],
	],
};

function Attempt({ of: r }: { of: Loose }) {
	return (
		<>
			{r.request_body && (
				<div>
					<p class="small mute">{t.requestBody}</p>
					<Code of={r.request_body} wrap label={t.requestBody} />
				</div>
			)}
			{r.body && (
				<div>
					<p class="small mute">{t.answerBody}</p>
					<Code of={r.body} wrap label={t.answerBody} />
				</div>
			)}
		</>
	);
}

/** Who might have got the credit, who did, and why the others did not. */
export function Candidates({ all }: { all: Schema["Considered"][] }) {
	return (
		<Table
			caption={t.candidates}
			rows={all}
			rowKey={(_, i) => i}
			columns={[
				{ key: "by", head: t.candidate.by, cell: (c) => worded("by", c.by) },
				{
					key: "who",
					head: t.candidate.who,
					cell: (c) => (
						<>
							{t.candidate.affiliate(c.affiliate_id)} {c.kind && <span class="mute">{c.kind}</span>}
						</>
					),
				},
				{
					key: "won",
					head: t.candidate.won,
					cell: (c) => (c.won ? <Status of="accepted" /> : <span>{codeName(c.code ?? "")}</span>),
				},
				{ key: "why", head: t.candidate.why, wrap: true, cell: (c) => c.lost || c.rule },
			]}
		/>
	);
}
