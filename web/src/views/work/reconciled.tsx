import { Clock, Percent } from "lucide-preact";
import { useParams } from "wouter-preact";
import { api, type Schema, useRead } from "../../api/client.ts";
import { coins, count, dateTime, day, percent } from "../../lib/format.ts";
import { viewing } from "../../lib/session.ts";
import { queryOf, useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Go } from "../../ui/button.tsx";
import { Failed, Notice, Read, Skeleton } from "../../ui/notice.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { Table } from "../../ui/table.tsx";
import { PartyOf } from "./reconciliation.tsx";
import { ReconciledRows } from "./rows.tsx";
import "./work.css";

const t = text.work.reconciliation;

type Made = Schema["Reconciliation"];
type Summary = Schema["ReconciliationSummary"];

const classes = [
	"missing_here",
	"missing_there",
	"amount_differs",
	"status_differs",
	"duplicate_in_list",
	"matched",
] as const;

/** A kind of row. */
export type Class = (typeof classes)[number];

/** What came out of a comparison. */
export default function Reconciled() {
	const { id = "" } = useParams();
	const got = useRead(["reconciliations", id], (signal) =>
		api.GET("/api/v1/reconciliations/{id}", { params: { path: { id } }, signal }),
	);
	const made = got.data;
	return (
		<Page
			title={made ? made.name || t.unnamed : t.title}
			crumbs={[{ label: t.title, to: "/reconciliation" }]}
			lead={made ? <Lead of={made} /> : undefined}
		>
			{got.problem && !made ? (
				<Failed problem={got.problem} again={got.again} />
			) : (
				<Read of={got} wait={<Skeleton lines={8} />}>
					{(d) => <Result made={d} />}
				</Read>
			)}
		</Page>
	);
}

function Lead({ of: r }: { of: Made }) {
	return (
		<>
			<PartyOf of={r.summary} /> · {day(r.summary.from)} – {day(r.summary.to)} ({r.summary.tz}) ·{" "}
			{t.kept(day(r.kept_until))}
		</>
	);
}

function Result({ made }: { made: Made }) {
	const [state, set] = useUrlState({ class: "" });
	const s = made.summary;
	const first = classes.find((c) => s[c] > 0) ?? "matched";
	const shown = classes.find((c) => c === state.class) ?? first;
	return (
		<div class="stack">
			<Explained made={made} />
			<div class="classes" role="group" aria-label={t.caption}>
				{classes.map((c) => (
					<button
						key={c}
						type="button"
						class="card class-tile"
						aria-pressed={c === shown}
						onClick={() => set({ class: c === first ? "" : c })}
					>
						<span class="small mute">{t.class[c]}</span>
						<span class="figure">{count(s[c])}</span>
						<span class="small mute">{t.classHint[c]}</span>
					</button>
				))}
			</div>
			<ReconciledRows made={made} of={shown} />
			{s.totals.map((total) => (
				<Total key={`${total.measure} ${total.currency}`} of={total} />
			))}
			<div class="grid-2">
				<Reasons of={s} />
				<Days of={s} />
			</div>
			<HowUnderstood made={made} />
		</div>
	);
}

// Explained is what explains many differences at once.
function Explained({ made }: { made: Made }) {
	const s = made.summary;
	const zone = s.clock?.zone.replace(/^UTC(?=[+-])/, "");
	return (
		<>
			{s.clock && zone && (
				<Notice tone="warn">
					<h2 class="notice-title">
						<Clock class="inline" aria-hidden /> {t.shiftTitle}
					</h2>
					<p>{said(s.clock.message)}</p>
					{!viewing.value && (
						<p class="above">
							<Go small to={`/reconciliation${queryOf({ new: 1, tz: zone, name: made.name })}`}>
								{t.shiftAgain(s.clock.zone)}
							</Go>
						</p>
					)}
				</Notice>
			)}
			{(s.factors ?? []).map((f) => (
				<Notice key={`${f.measure} ${f.factor}`}>
					<h2 class="notice-title">
						<Percent class="inline" aria-hidden /> {t.factorTitle}
					</h2>
					<p>{said(f.message)}</p>
				</Notice>
			))}
			{s.likely > 0 && <Notice>{t.likely(count(s.likely))}</Notice>}
			{s.lines_outside_period > 0 && <Notice>{t.outside(count(s.lines_outside_period))}</Notice>}
		</>
	);
}

type TotalOf = Schema["ReconciliationTotal"];

function Total({ of: total }: { of: TotalOf }) {
	const write = (v: string) => coins(v, total.currency);
	return (
		<Card
			flush
			title={[t.measure[total.measure] ?? total.measure, total.currency].filter(Boolean).join(", ")}
		>
			<Table
				caption={`${t.totals}: ${t.measure[total.measure] ?? total.measure}`}
				rows={total.parts.filter((p) => Number(p.theirs) !== 0 || Number(p.ours) !== 0)}
				rowKey={(p) => p.class}
				columns={[
					{
						key: "class",
						head: t.madeOf,
						cell: (p) => t.class[p.class] ?? p.class,
						foot: text.reports.sumRow,
					},
					{
						key: "theirs",
						head: t.theirs,
						end: true,
						cell: (p) => write(p.theirs),
						foot: write(total.theirs),
					},
					{ key: "ours", head: t.ours, end: true, cell: (p) => write(p.ours), foot: write(total.ours) },
					{
						key: "difference",
						head: t.difference,
						end: true,
						cell: (p) => write(p.difference),
						foot: write(total.difference),
					},
				]}
			/>
		</Card>
	);
}

function Reasons({ of: s }: { of: Summary }) {
	return (
		<Card flush title={t.reasons}>
			<Table
				caption={t.reasons}
				rows={s.reasons}
				rowKey={(r) => `${r.class} ${r.reason}`}
				height="320px"
				columns={[
					{
						key: "reason",
						head: t.reason,
						wrap: true,
						cell: (r) => t.because[r.reason] ?? r.reason.replaceAll("_", " "),
					},
					{ key: "class", head: t.kind, cell: (r) => t.class[r.class] ?? r.class },
					{ key: "n", head: t.count, end: true, cell: (r) => count(r.count) },
				]}
			/>
		</Card>
	);
}

function Days({ of: s }: { of: Summary }) {
	const most = Math.max(1, ...s.days.flatMap((d) => [d.theirs, d.ours]));
	return (
		<Card flush title={t.days}>
			<Table
				caption={t.daysOf}
				rows={s.days}
				rowKey={(d) => d.day}
				height="320px"
				columns={[
					{ key: "day", head: t.day, cell: (d) => day(d.day) },
					{ key: "theirs", head: t.theirs, end: true, cell: (d) => count(d.theirs) },
					{ key: "ours", head: t.ours, end: true, cell: (d) => count(d.ours) },
					{ key: "difference", head: t.difference, end: true, cell: (d) => count(d.theirs - d.ours) },
					{
						key: "bars",
						head: t.bars,
						cell: (d) => (
							<span class="pair-bars" aria-hidden="true">
								<i style={{ width: percentOf(d.theirs, most) }} />
								<i style={{ width: percentOf(d.ours, most) }} />
							</span>
						),
					},
				]}
			/>
		</Card>
	);
}

const percentOf = (n: number, of: number) => `${(n / of) * 100}%`;

function HowUnderstood({ made }: { made: Made }) {
	const l = made.list;
	const s = made.summary;
	return (
		<Card title={t.understoodAs}>
			<Facts
				of={[
					[t.lines, `${count(l.lines)}${l.skipped > 0 ? t.skipped(count(l.skipped)) : ""}`],
					[t.agree, s.lines > 0 ? percent(s.matched / s.lines, 1) : "–"],
					[
						t.columnsTitle,
						l.columns
							.map(
								(c) =>
									`${t.fields[c.field] ?? c.field}: ${t.column(c.number, c.name)}, ${t.found[c.how] ?? c.how}`,
							)
							.join(" · "),
					],
					[t.zone, s.tz],
					[t.made, dateTime(made.created_at)],
				]}
			/>
			{[...l.notes, ...l.problems.map((p) => `${t.problemAt(count(p.line))}: ${p.message}`)].length > 0 && (
				<ul class="plain-list small above">
					{l.notes.map((n) => (
						<li key={n}>{said(n)}</li>
					))}
					{l.problems.map((p) => (
						<li key={`${p.line} ${p.column}`}>
							{t.problemAt(count(p.line))}: {said(p.message)}
						</li>
					))}
				</ul>
			)}
		</Card>
	);
}
