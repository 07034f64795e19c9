// The dialog by which many conversions are approved, rejected or put on hold: first
// what would come of it, then how far it is, then what came of it.

import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { cache } from "../../api/client.ts";
import { count, money, plural } from "../../lib/format.ts";
import { type Problem, problemOf } from "../../lib/problem.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Progress } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { AreaField } from "../../ui/form.tsx";
import { Failed, Notice, Skeleton } from "../../ui/notice.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";
import type { Asked } from "./query.ts";
import {
	byReason,
	type Chosen,
	canUndo,
	changedBy,
	gather,
	mostReviewed,
	nothing,
	type Outcome,
	plus,
	rehearse,
	review,
	type Target,
} from "./review.ts";

const t = text.lists.review;

/** Which conversions are meant: these, or all that an address lists. */
export type Meant = { chosen: Chosen[] } | { asked: Asked };

type Stage =
	| { is: "asking" }
	| { is: "too many" }
	| { is: "failed"; problem: Problem }
	| { is: "asked"; chosen: Chosen[]; would: Outcome }
	| { is: "running"; chosen: Chosen[]; done: number; so: Outcome }
	| { is: "over"; chosen: Chosen[]; done: number; outcome: Outcome; problem?: Problem };

type DialogProps = { target: Target; meant: Meant; onClose: (changed: boolean) => void };

/** Asks, does and tells. */
export function ReviewDialog({ target, meant, onClose }: DialogProps) {
	const [stage, setStage] = useState<Stage>({ is: "asking" });
	const [note, setNote] = useState("");
	const stop = useRef(false);
	const ask = (signal: AbortSignal) => {
		setStage({ is: "asking" });
		wouldBe(meant, target, signal)
			.then((s) => !signal.aborted && setStage(s))
			.catch((thrown) => !signal.aborted && setStage({ is: "failed", problem: problemOf(thrown) }));
	};
	useEffect(() => {
		const gone = new AbortController();
		ask(gone.signal);
		return () => gone.abort();
	}, []);
	useEffect(
		() => () => {
			stop.current = true;
		},
		[],
	);
	const run = async (chosen: Chosen[], before: Outcome = nothing, from = 0) => {
		stop.current = false;
		let so = before;
		let done = from;
		const tell = (n: number, o: Outcome) => {
			done = from + n;
			so = plus(before, o);
			setStage({ is: "running", chosen, done, so });
		};
		setStage({ is: "running", chosen, done, so });
		try {
			await review(chosen.slice(from), target, note.trim(), tell, () => stop.current);
			setStage({ is: "over", chosen, done, outcome: so });
		} catch (thrown) {
			setStage({ is: "over", chosen, done, outcome: so, problem: problemOf(thrown) });
		}
		for (const word of ["conversions", "balances", "overview"])
			void cache.invalidateQueries({ queryKey: [word] });
	};
	const close = () => onClose(stage.is === "over" || stage.is === "running");
	return (
		<Dialog
			wide
			title={titleOf(target, stage)}
			onClose={close}
			footer={<Footer stage={stage} target={target} run={run} stop={stop} close={close} />}
		>
			{stage.is === "asking" && (
				<>
					<p class="mute">{t.asking}</p>
					<Skeleton lines={4} />
				</>
			)}
			{stage.is === "too many" && <Notice tone="warn">{t.tooMany(count(mostReviewed))}</Notice>}
			{stage.is === "failed" && (
				<Failed problem={stage.problem} again={() => ask(new AbortController().signal)} />
			)}
			{stage.is === "asked" && <Would stage={stage} target={target} note={note} onNote={setNote} />}
			{stage.is === "running" && (
				<>
					<p role="status">{t.progress(count(stage.done), count(stage.chosen.length))}</p>
					<Progress done={stage.done} of={stage.chosen.length} label={t.running[target]} />
				</>
			)}
			{stage.is === "over" && <Over stage={stage} target={target} />}
		</Dialog>
	);
}

async function wouldBe(meant: Meant, target: Target, signal: AbortSignal): Promise<Stage> {
	const chosen = "chosen" in meant ? meant.chosen : await gather(meant.asked, signal);
	if (chosen === "too many") return { is: "too many" };
	if (chosen.length === 0) return { is: "asked", chosen, would: nothing };
	return { is: "asked", chosen, would: await rehearse(chosen, target, signal) };
}

function titleOf(target: Target, s: Stage): string {
	if (s.is === "asked") return plural(s.would.changed, t.title[target]);
	if (s.is === "running") return t.running[target];
	if (s.is === "over") return plural(s.outcome.changed, t.over[target]);
	return t.plain[target];
}

function Would(props: {
	stage: Stage & { is: "asked" };
	target: Target;
	note: string;
	onNote: (note: string) => void;
}) {
	const { chosen, would } = props.stage;
	const lasting = chosen.some((c) => c.status !== props.target && !canUndo(c.status, props.target));
	if (would.changed === 0 && would.refused.length === 0)
		return <Notice>{chosen.length === 0 ? t.none : t.allSo[props.target]}</Notice>;
	return (
		<>
			<Sums of={would} />
			<Also of={would} target={props.target} />
			{would.changed > 0 && (
				<>
					<AreaField
						label={`${t.note} (${text.common.optional})`}
						hint={t.noteHint}
						rows={2}
						value={props.note}
						onValue={(v) => props.onNote(v.slice(0, 1000))}
					/>
					<p class="mute small">{lasting ? t.lasting[props.target] : t.undoable}</p>
				</>
			)}
		</>
	);
}

function Over({ stage, target }: { stage: Stage & { is: "over" }; target: Target }) {
	const { outcome, done, chosen, problem } = stage;
	return (
		<>
			{problem && <Notice tone="bad">{t.broke(count(done), count(chosen.length), problem.message)}</Notice>}
			{!problem && done < chosen.length && (
				<Notice tone="warn">{t.stopped(count(done), count(chosen.length))}</Notice>
			)}
			<Sums of={outcome} />
			<Also of={outcome} target={target} />
		</>
	);
}

// What the changed ones come to, by currency.
function Sums({ of }: { of: Outcome }) {
	if (of.sums.length === 0) return null;
	const columns: Column<Outcome["sums"][number]>[] = [
		{ key: "currency", head: t.currency, cell: (s) => s.currency },
		{ key: "conversions", head: t.conversions, end: true, cell: (s) => count(s.conversions) },
		{ key: "amount", head: t.amount, end: true, cell: (s) => money(s.amount, s.currency) },
	];
	if (side.value !== "affiliate")
		columns.push({
			key: "revenue",
			head: side.value === "advertiser" ? t.cost : t.revenue,
			end: true,
			cell: (s) => money(s.revenue, s.currency),
		});
	if (side.value !== "advertiser")
		columns.push({ key: "payout", head: t.payout, end: true, cell: (s) => money(s.payout, s.currency) });
	return <Table caption={t.sums} columns={columns} rows={of.sums} rowKey={(s) => s.currency} />;
}

// What stays as it is, and why.
function Also({ of, target }: { of: Outcome; target: Target }) {
	return (
		<>
			{of.queued > 0 && <Notice tone="warn">{plural(of.queued, t.queued)}</Notice>}
			{of.unchanged > 0 && <p class="mute">{plural(of.unchanged, t.unchanged[target])}</p>}
			{of.refused.length > 0 && (
				<section class="stack tight">
					<h3>{plural(of.refused.length, t.refused)}</h3>
					<ul class="stack tight">
						{byReason(of.refused).map((g) => (
							<li key={g.code + g.message}>
								<details>
									<summary>
										<b class="num">{count(g.ids.length)}</b> <span class="mute">{g.code}</span>{" "}
										{said(g.message)}
									</summary>
									<ul class="row small">
										{g.ids.slice(0, 50).map((id) => (
											<li key={id}>
												<Link href={`/conversions/${id}`} class="id">
													{id}
												</Link>
											</li>
										))}
										{g.ids.length > 50 && <li class="mute">{t.andMore(count(g.ids.length - 50))}</li>}
									</ul>
								</details>
							</li>
						))}
					</ul>
				</section>
			)}
		</>
	);
}

function Footer(props: {
	stage: Stage;
	target: Target;
	run: (chosen: Chosen[], before?: Outcome, from?: number) => Promise<void>;
	stop: { current: boolean };
	close: () => void;
}) {
	const { stage: s, target, run, stop, close } = props;
	if (s.is === "asked" && s.would.changed > 0)
		return (
			<>
				<Button onClick={close}>{text.common.cancel}</Button>
				<Button primary danger={target === "rejected"} onClick={() => void run(s.chosen)}>
					{plural(s.would.changed, t.title[target])}
				</Button>
			</>
		);
	if (s.is === "running")
		return (
			<Button
				onClick={() => {
					stop.current = true;
				}}
			>
				{t.stop}
			</Button>
		);
	if (s.is === "over") {
		const changed = changedBy(s.chosen.slice(0, s.done), target, s.outcome);
		const back = changed.filter((c) => canUndo(c.status, target));
		return (
			<>
				{s.done < s.chosen.length && (
					<Button onClick={() => void run(s.chosen, s.outcome, s.done)}>{t.goOn}</Button>
				)}
				{back.length > 0 && (
					<Button
						onClick={() => {
							close();
							void undo(back);
						}}
					>
						{plural(back.length, t.undo)}
					</Button>
				)}
				<Button primary onClick={close}>
					{text.common.close}
				</Button>
			</>
		);
	}
	return <Button onClick={close}>{text.common.close}</Button>;
}

// Gives conversions their earlier status back.
async function undo(changed: Chosen[]): Promise<void> {
	let back = 0;
	try {
		for (const status of new Set(changed.map((c) => c.status))) {
			const some = changed.filter((c) => c.status === status).map((c) => ({ ...c, status: "" }));
			const { outcome } = await review(
				some,
				status as Target,
				t.undoNote,
				() => undefined,
				() => false,
			);
			back += outcome.changed;
		}
		toast(plural(back, t.undone));
	} catch (thrown) {
		toast(problemOf(thrown).message, { tone: "bad" });
	}
	for (const word of ["conversions", "balances", "overview"])
		void cache.invalidateQueries({ queryKey: [word] });
}
