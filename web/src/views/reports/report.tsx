import { Download, SlidersHorizontal } from "lucide-preact";
import { useState } from "preact/hooks";
import { count, plural, span } from "../../lib/format.ts";
import { nodeUrl } from "../../lib/place.ts";
import { type Problem, problemOf } from "../../lib/problem.ts";
import { side, viewing, zone } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Copy } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { download } from "../../ui/download.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Empty, Failed, Notice, Skeleton } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { toast } from "../../ui/toast.tsx";
import { type Answer, inCurrency, useCurrencies, useReport } from "./answer.ts";
import { Control, PeriodControl, type Put } from "./control.tsx";
import { Filters } from "./filters.tsx";
import { Graph } from "./graph.tsx";
import { countedTo, Notes } from "./notes.tsx";
import { askOf, isAsked, needsCurrency, queryOfReport, type Report, reportOf, stringOf } from "./query.ts";
import { Rows } from "./rows.tsx";
import { SavedReports } from "./saved.tsx";
import { starts } from "./starts.ts";

const t = text.reports;

type ViewProps = {
	query: URLSearchParams;
	go: (query: URLSearchParams) => void;
};

/** A report: what it is made of, its chart and its rows. */
export function ReportView({ query, go }: ViewProps) {
	const asked = reportOf(query, side.value);
	const onReport = (r: Report) => {
		const next = queryOfReport(r, side.value);
		const saved = query.get("saved");
		if (saved) next.set("saved", saved);
		go(next);
	};
	const put: Put = (change) => onReport({ ...asked, ...change });
	const currencies = useCurrencies(asked);
	const full = inCurrency(asked, currencies.data);
	const [adjusting, setAdjusting] = useState(false);
	const got = useReport(full, true);
	const problem = waits(full, currencies.data, got.problem) ? currencies.problem : got.problem;
	const again = () => {
		if (currencies.problem) currencies.again();
		got.again();
	};
	const control = { report: asked, put, currencies: currencies.data, currency: full.currency };
	return (
		<div class="stack">
			{!isAsked(query) && <Starts onReport={onReport} />}
			<section class="card report-card" aria-label={t.adjustTitle}>
				<div class="only-wide">
					<Control {...control} />
				</div>
				<div class="only-narrow row">
					<PeriodControl report={asked} put={put} />
					<Button onClick={() => setAdjusting(true)}>
						<SlidersHorizontal aria-hidden />
						{t.adjust}
					</Button>
					{asked.filters.length > 0 && (
						<Filters report={asked} zone={asked.tz || zone.value} onFilters={(filters) => put({ filters })} />
					)}
				</div>
			</section>
			{adjusting && (
				<Dialog
					title={t.adjustTitle}
					onClose={() => setAdjusting(false)}
					footer={
						<Button primary onClick={() => setAdjusting(false)}>
							{t.done}
						</Button>
					}
				>
					<Control {...control} />
				</Dialog>
			)}
			{problem ? (
				<Card>
					<Refused problem={problem} again={again} report={asked} put={put} />
				</Card>
			) : got.data ? (
				<Shown
					answer={got.data}
					renewing={got.renewing}
					put={put}
					onReport={onReport}
					mixed={needsCurrency(asked) && full.currency !== ""}
				/>
			) : (
				<>
					<Card title={t.chart}>
						<Skeleton lines={1} height="249px" />
					</Card>
					<Card flush>
						<Rows answer={waiting(full)} busy onSort={(sort) => put({ sort })} onReport={onReport} />
					</Card>
				</>
			)}
		</div>
	);
}

// A report of several currencies is refused until it is known which there are.
const waits = (r: Report, currencies: string[] | undefined, p: Problem | undefined) =>
	needsCurrency(r) && currencies === undefined && p?.at("currency") !== undefined;

// What stands there before the first answer: the columns that it will have.
const waiting = (report: Report): Answer => ({
	report,
	rows: [],
	total: {},
	from: "",
	to: "",
	tz: zone.value,
	notes: [],
	truncated: false,
	took: 0,
});

function Starts({ onReport }: { onReport: (r: Report) => void }) {
	const usual = reportOf(new URLSearchParams(), side.value);
	return (
		<div class="row starts" role="group" aria-label={t.start}>
			<span class="mute small">{t.start}</span>
			{starts(side.value).map((s) => (
				<Button key={s.name} small onClick={() => onReport({ ...usual, ...s.report })}>
					{t.startBy[s.name]}
				</Button>
			))}
		</div>
	);
}

type ShownProps = {
	answer: Answer;
	renewing: boolean;
	put: Put;
	onReport: (r: Report) => void;
	mixed: boolean;
};

function Shown({ answer: a, renewing, put, onReport, mixed }: ShownProps) {
	const r = a.report;
	if (a.rows.length === 0)
		return (
			<Card>
				<Empty
					title={t.empty}
					action={
						<div class="row">
							{r.range !== "last90" && (
								<Button onClick={() => put({ range: "last90" })}>{t.emptyWiden}</Button>
							)}
							{r.filters.length > 0 && <Button onClick={() => put({ filters: [] })}>{t.emptyClear}</Button>}
						</div>
					}
				>
					{t.emptyHint}
				</Empty>
				<Notes of={a.notes} />
			</Card>
		);
	return (
		<>
			{mixed && a.currency && <Notice>{t.currencyMixed(a.currency)}</Notice>}
			{r.chart !== "off" && <Graph answer={a} put={put} />}
			<Card
				flush
				class={renewing ? "renewing" : ""}
				title={
					<span class="row">
						{a.truncated ? t.rowsMore(count(a.rows.length)) : plural(a.rows.length, t.rows)}
						<span class="mute small told">
							{renewing ? t.running : counted(a)}
							{!renewing && a.rows.length > 0 && ` · ${t.rowHint}`}
						</span>
					</span>
				}
				actions={
					<Button
						quiet
						small
						aria-pressed={r.chart === "off"}
						onClick={() => put({ chart: r.chart === "off" ? "total" : "off" })}
					>
						{r.chart === "off" ? t.showChart : t.hideChart}
					</Button>
				}
			>
				<Rows answer={a} busy={renewing} onSort={(sort) => put({ sort })} onReport={onReport} />
				<Notes of={a.notes} />
			</Card>
		</>
	);
}

const counted = (a: Answer) => `${countedTo(a.asOf)} · ${t.took(span(Math.round(a.took)))}`;

type RefusedProps = { problem: Problem; again: () => void; report: Report; put: Put };

// Refused is why there is no answer, and what may be asked instead.
function Refused({ problem, again, report: r, put }: RefusedProps) {
	if (problem.kind !== "timeout" && problem.kind !== "too_large")
		return <Failed problem={problem} again={again} />;
	const wide = r.dimensions.filter((d) => !/^(sub|adv)\d+$/.test(d));
	const metrics = r.metrics.filter((m) => m !== "unique_clicks");
	return (
		<Empty
			title={problem.kind === "timeout" ? t.tooLong : t.tooLarge}
			action={
				<div class="row">
					{r.range !== "last7" && <Button onClick={() => put({ range: "last7" })}>{t.fewerDays}</Button>}
					{r.limit > 100 && <Button onClick={() => put({ limit: 100 })}>{t.topOnly}</Button>}
					{wide.length < r.dimensions.length && (
						<Button onClick={() => put({ dimensions: wide })}>{t.withoutWide}</Button>
					)}
					{metrics.length > 0 && metrics.length < r.metrics.length && (
						<Button onClick={() => put({ metrics })}>{t.withoutUnique}</Button>
					)}
					<Button onClick={again}>{text.common.again}</Button>
				</div>
			}
		>
			{problem.message}
		</Empty>
	);
}

/** What may be done with a report as a whole. */
export function ReportActions({ query, go }: ViewProps) {
	const asked = reportOf(query, side.value);
	const report = inCurrency(asked, useCurrencies(asked).data);
	const get = async (format: "csv" | "ndjson") => {
		const params = { ...askOf(report, zone.value), sort: report.sort || undefined, format };
		const path = `/api/v1/reports?${stringOf(params)}`;
		const name = `report-${report.dimensions.join("-") || "total"}.${format}`;
		try {
			// The browser keeps what is long by itself, unless one looks as a partner.
			if (viewing.value) await download(path, name);
			else {
				const a = document.createElement("a");
				a.href = `${nodeUrl}${path}`;
				a.download = name;
				a.click();
			}
			toast(t.exporting);
		} catch (thrown) {
			toast(problemOf(thrown).message, { tone: "bad" });
		}
	};
	return (
		<>
			{!viewing.value && <SavedReports query={query} go={go} />}
			<Copy value={location.href} label={t.copyLink} small={false} />
			<Menu
				label={t.export}
				class="btn"
				items={[
					{ label: t.exportCsv, onClick: () => void get("csv") },
					{ label: t.exportJson, onClick: () => void get("ndjson") },
				]}
			>
				<Download aria-hidden />
				{t.export}
			</Menu>
		</>
	);
}
