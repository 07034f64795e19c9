import { useRef, useState } from "preact/hooks";
import { cache, type Schema } from "../../api/client.ts";
import { count, percent } from "../../lib/format.ts";
import { ndjson } from "../../lib/ndjson.ts";
import { nodeUrl } from "../../lib/place.ts";
import { Problem, problemOf } from "../../lib/problem.ts";
import { queryOf } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Progress } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { PickField } from "../../ui/fields.tsx";
import { FileField } from "../../ui/file.tsx";
import { CheckField, SelectField, TextField } from "../../ui/form.tsx";
import { Empty, Notice } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { Table, TableFoot } from "../../ui/table.tsx";
import { cellOf, columnsOf, columnsParameter } from "./csv.ts";
import { Download, sendFile } from "./file.tsx";

const t = text.admin.import;
type Outcome = Schema["ImportOutcome"];
type Counts = Schema["ImportCounts"];
type Line = Outcome | Schema["ImportProgress"] | Schema["ImportSummary"];

/** What came of a file so far. */
type Run = {
	dry: boolean;
	/** Sending, until the node has all of it. */
	busy: boolean;
	done: number;
	of: number;
	lines: number;
	problems: Outcome[];
	counts?: Counts;
	problem?: Problem;
	stopped?: boolean;
};

const mostProblems = 10_000;
const parameters = [
	"transaction_id",
	"order_id",
	"amount",
	"currency",
	"status",
	"goal",
	"offer_id",
	"affiliate_id",
	"conversion_id",
	"customer_id",
	"email",
	"coupon",
	"occurred_at",
	"hit_id",
	"payout",
	"adv1",
	"adv2",
	"adv3",
];

const sample = `transaction_id,order_id,amount,currency,goal,status,occurred_at
PUT-A-TRANSACTION-ID-HERE,A-1001,59.90,USD,default,approved,2026-11-20T14:05:00Z
PUT-ANOTHER-ONE-HERE,A-1002,18.00,USD,default,pending,2026-11-21T09:30:00Z
`;

type Settings = { offer: string; goal: string; currency: string; test: boolean; from: number };

/** A file of conversions: look at it, see what would become of it, take it in. */
export function ImportConversions() {
	const [file, setFile] = useState<File>();
	const [columns, setColumns] = useState<string[]>([]);
	const [told, setTold] = useState<Record<string, string>>({});
	const [o, setSettings] = useState<Settings>({ offer: "", goal: "", currency: "", test: false, from: 0 });
	const [run, setRun] = useState<Run>();
	const stop = useRef<AbortController | undefined>(undefined);
	const set = (change: Partial<Settings>) => {
		setSettings({ ...o, ...change });
		setRun(undefined);
	};
	const choose = async (chosen: File) => {
		setFile(chosen);
		setRun(undefined);
		setTold({});
		set({ from: 0 });
		setColumns(columnsOf(await chosen.slice(0, 64 << 10).text()));
	};
	const start = async (dry: boolean, from = o.from) => {
		if (!file) return;
		const abort = new AbortController();
		stop.current = abort;
		setRun({ dry, busy: true, done: 0, of: file.size, lines: 0, problems: [] });
		const query = queryOf({
			dry_run: dry || undefined,
			outcomes: "rejected",
			columns: columnsParameter(told),
			offer_id: o.offer,
			goal: o.goal,
			currency: o.currency.toUpperCase(),
			test: o.test ? 1 : undefined,
			from_line: from || undefined,
		});
		try {
			await follow(
				await sendFile(`${nodeUrl}/api/v1/imports/conversions${query}`, file, abort.signal),
				setRun,
			);
		} catch (thrown) {
			const stopped = abort.signal.aborted;
			setRun((now) => now && { ...now, stopped, problem: stopped ? undefined : problemOf(thrown) });
		} finally {
			setRun((now) => now && { ...now, busy: false });
			if (!dry)
				for (const word of ["conversions", "reports", "signals"])
					void cache.invalidateQueries({ queryKey: [word] });
		}
	};
	return (
		<div class="imports">
			<Card
				title={t.file}
				actions={
					<Download name="conversions.csv" body={() => sample}>
						{t.sample}
					</Download>
				}
			>
				<div class="stack">
					<FileField hint={t.chooseHint} file={file} onFile={(f) => void choose(f)} disabled={run?.busy} />
					<p class="mute small">{t.fileHint}</p>
				</div>
			</Card>
			{file && (
				<Card title={t.columns}>
					<div class="stack">
						{columns.length === 0 ? (
							<Notice tone="warn">{t.noColumns}</Notice>
						) : (
							<>
								<p class="mute">{t.columnsHint}</p>
								<div class="columns-map">
									{columns.map((c, i) => (
										<SelectField
											key={`${c} ${i}`}
											label={c || t.unnamed}
											disabled={run?.busy || c === "" || /[,:]/.test(c)}
											value={told[c] ?? ""}
											onValue={(parameter) => {
												setTold({ ...told, [c]: parameter });
												setRun(undefined);
											}}
											choices={[
												{ value: "", label: t.asNamed },
												...parameters.map((value) => ({ value, label: value })),
											]}
										/>
									))}
								</div>
							</>
						)}
						<details>
							<summary>{t.options}</summary>
							<div class="stack options">
								<p class="mute small">{t.optionsHint}</p>
								<div class="grid-3">
									<PickField
										kind="offer"
										label={text.pick.offer}
										value={o.offer}
										onValue={(offer) => set({ offer })}
									/>
									<TextField label={t.goal} value={o.goal} onValue={(goal) => set({ goal })} />
									<TextField
										label={t.currency}
										value={o.currency}
										onValue={(currency) => set({ currency })}
										maxLength={3}
										placeholder="USD"
									/>
								</div>
								<CheckField
									label={t.test}
									hint={t.testHint}
									value={o.test}
									onValue={(test) => set({ test })}
								/>
							</div>
						</details>
						<div class="row">
							<Button primary={!run?.counts} disabled={run?.busy} onClick={() => void start(true)}>
								{t.check}
							</Button>
							<span class="mute small">{t.checkHint}</span>
						</div>
					</div>
				</Card>
			)}
			{run && (
				<Result
					run={run}
					stop={() => stop.current?.abort()}
					take={() => void start(false)}
					goOn={(line) => void start(false, line)}
				/>
			)}
		</div>
	);
}

// follow reads what becomes of the lines while they are judged.
async function follow(
	r: Response,
	setRun: (change: (now: Run | undefined) => Run | undefined) => void,
): Promise<void> {
	if (!r.ok || !r.body) throw new Problem(r.status, await r.json().catch(() => undefined));
	let fresh: Outcome[] = [];
	let last = 0;
	const show = (more: Partial<Run>) => {
		const told = fresh;
		fresh = [];
		last = Date.now();
		setRun((now) => now && { ...now, ...more, problems: [...now.problems, ...told].slice(0, mostProblems) });
	};
	for await (const line of ndjson<Line>(r.body)) {
		if ("summary" in line) {
			show({ counts: line.summary });
			return;
		}
		if ("progress" in line)
			show({ done: line.progress.bytes, of: line.progress.of, lines: line.progress.lines });
		else {
			fresh.push(line);
			if (Date.now() - last > 200) show({});
		}
	}
	show({});
	throw new Problem(0, { detail: t.brokeOff });
}

type ResultProps = { run: Run; stop: () => void; take: () => void; goOn: (line: number) => void };

function Result({ run, stop, take, goOn }: ResultProps) {
	const c = run.counts;
	const good = c ? c.accepted + c.updated : 0;
	const title = run.dry ? (c ? t.wouldBecome : t.checking) : c ? t.became : t.importing;
	return (
		<Card
			title={title}
			actions={
				run.busy && (
					<Button small onClick={stop}>
						{t.stop}
					</Button>
				)
			}
		>
			<div class="stack" role="status" aria-live="polite">
				{run.busy && (
					<div class="stack tight">
						<Progress done={run.done} of={run.of} label={title} />
						<span class="mute small">
							{run.done > 0
								? t.progress(count(run.lines), percent(run.done / Math.max(1, run.of), 0))
								: t.sending}
						</span>
					</div>
				)}
				{run.stopped && <Notice tone="warn">{run.dry ? t.stoppedDry : t.stopped}</Notice>}
				{run.problem && (
					<Notice tone="bad" live>
						<p>{said(run.problem.message)}</p>
						{!run.dry && <p>{t.again}</p>}
					</Notice>
				)}
				{c && <Numbers counts={c} />}
				{c?.stopped_at !== undefined && c.stopped_at > 0 && (
					<Notice tone="bad" live>
						<p>{t.stoppedAt(count(c.stopped_at), c.because ?? "")}</p>
						{!run.dry && (
							<Button small onClick={() => goOn(c.stopped_at ?? 0)}>
								{t.goOn(count(c.stopped_at))}
							</Button>
						)}
					</Notice>
				)}
				{c && run.dry && !c.stopped_at && (
					<div class="row">
						<Button primary disabled={good + c.duplicate + c.rejected === 0} onClick={take}>
							{t.take(count(c.lines))}
						</Button>
						<span class="mute small">{c.rejected + c.unreadable > 0 ? t.takeHint : t.takeAll}</span>
					</div>
				)}
				{c && !run.dry && (
					<div class="row">
						<Go to="/conversions">{t.toConversions}</Go>
						{c.rejected > 0 && <Go to="/signals">{t.toSignals}</Go>}
					</div>
				)}
			</div>
			{(run.problems.length > 0 || c) && <Problems run={run} />}
		</Card>
	);
}

function Numbers({ counts: c }: { counts: Counts }) {
	const all: [string, number, string][] = [
		[t.lines, c.lines, ""],
		[t.accepted, c.accepted, "good"],
		[t.updated, c.updated, ""],
		[t.duplicate, c.duplicate, ""],
		[t.queued, c.queued, ""],
		[t.rejected, c.rejected, c.rejected > 0 ? "bad" : ""],
		[t.unreadable, c.unreadable, c.unreadable > 0 ? "bad" : ""],
	];
	return (
		<div class="counts">
			{all
				.filter(([, n], i) => n > 0 || i < 2)
				.map(([name, n, tone]) => (
					<span key={name}>
						<span class={`value ${tone}`}>{count(n)}</span>
						<span class="mute small">{name}</span>
					</span>
				))}
		</div>
	);
}

function Problems({ run }: { run: Run }) {
	const [code, setCode] = useState("");
	if (run.problems.length === 0) return run.counts?.lines ? null : <Empty title={t.noLines} />;
	const codes = new Map<string, number>();
	for (const p of run.problems) codes.set(p.code, (codes.get(p.code) ?? 0) + 1);
	const rows = code ? run.problems.filter((p) => p.code === code) : run.problems;
	const csv = () =>
		[
			"line,code,message,transaction_id",
			...rows.map((p) => [p.line, p.code, p.message, p.transaction_id ?? ""].map(cellOf).join(",")),
		].join("\r\n");
	return (
		<section class="problems">
			<div class="row between">
				<h3>{t.problems}</h3>
				<span class="row">
					<select
						class="select"
						aria-label={t.reason}
						value={code}
						onChange={(e) => setCode(e.currentTarget.value)}
					>
						<option value="">{t.anyReason}</option>
						{[...codes].map(([c, n]) => (
							<option key={c} value={c} selected={c === code}>
								{c} ({count(n)})
							</option>
						))}
					</select>
					<Download name="problems.csv" body={csv}>
						{t.download}
					</Download>
				</span>
			</div>
			<Table
				caption={t.problems}
				height="420px"
				columns={[
					{ key: "line", head: t.line, width: 100, cell: (p) => <span class="num">{count(p.line)}</span> },
					{ key: "code", head: t.reason, width: 200, cell: (p) => <code>{p.code}</code> },
					{ key: "message", head: t.message, wrap: true, width: 520, cell: (p) => p.message },
				]}
				rows={rows}
				rowKey={(p) => p.line}
			/>
			<TableFoot shown={rows.length}>
				{run.problems.length >= mostProblems && <span>{t.cut(count(mostProblems))}</span>}
			</TableFoot>
		</section>
	);
}
