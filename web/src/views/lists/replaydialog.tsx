// The dialog by which a group of rejected signals is judged again.
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { cache } from "../../api/client.ts";
import { codeName } from "../../lib/codes.ts";
import { count, plural } from "../../lib/format.ts";
import { type Problem, problemOf } from "../../lib/problem.ts";
import { text } from "../../text/en.ts";
import { Progress, Status } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { CheckField } from "../../ui/form.tsx";
import { Failed, Notice } from "../../ui/notice.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { type Group, noTally, ofStatus, replay, type Tally } from "./replay.ts";
import { isAboutSender, sentence } from "./words.ts";

const t = text.lists.replay;

type Stage = "trying" | "tried" | "running" | "over";

type DialogProps = {
	title: string;
	group: Group;
	/** How many are to be expected. */
	about: number;
	onClose: () => void;
};

/** Says what would come of it, then judges and tells how far it is. */
export function ReplayDialog({ title, group, about, onClose }: DialogProps) {
	const [stage, setStage] = useState<Stage>("trying");
	const [so, setSo] = useState<Tally>(noTally);
	const [problem, setProblem] = useState<Problem>();
	const [trust, setTrust] = useState(false);
	const running = useRef<AbortController>(undefined);
	const run = async (dryRun: boolean, trusting: boolean) => {
		running.current?.abort();
		const mine = new AbortController();
		running.current = mine;
		setProblem(undefined);
		setSo(noTally);
		setStage(dryRun ? "trying" : "running");
		// Many lines come at once: the page follows at most twenty times a second.
		let shown = 0;
		const told = (now: Tally) => {
			if (performance.now() - shown < 50) return;
			shown = performance.now();
			setSo(now);
		};
		try {
			const all = await replay({ ...group, ...(trusting ? { trust: true } : {}) }, dryRun, told, mine.signal);
			if (mine.signal.aborted) return;
			setSo(all);
			setStage(dryRun ? "tried" : "over");
		} catch (thrown) {
			if (mine.signal.aborted) return;
			setProblem(problemOf(thrown));
			if (!dryRun) setStage("over");
		}
		if (!dryRun) renew();
	};
	useEffect(() => {
		void run(true, false);
		return () => running.current?.abort();
	}, []);
	const good = ofStatus(so, "accepted", "updated");
	const busy = stage === "trying" || stage === "running";
	return (
		<Dialog
			wide
			title={title}
			onClose={onClose}
			footer={
				<>
					<Button
						onClick={() => {
							if (stage === "running") {
								running.current?.abort();
								setStage("over");
								renew();
							} else onClose();
						}}
					>
						{stage === "running"
							? t.stop
							: stage === "over" || (stage === "tried" && so.looked === 0)
								? text.common.close
								: text.common.cancel}
					</Button>
					{stage === "tried" && so.looked > 0 && (
						<Button primary disabled={good === 0} onClick={() => void run(false, trust)}>
							{plural(so.looked, t.judge)}
						</Button>
					)}
				</>
			}
		>
			{problem && stage !== "over" ? (
				<Failed problem={problem} again={() => void run(true, trust)} />
			) : (
				<>
					{problem && <Notice tone="bad">{t.broke(problem.message)}</Notice>}
					{busy && (
						<>
							<p role="status">
								{stage === "trying" ? t.trying(count(so.looked)) : t.running(count(so.looked))}
							</p>
							<Progress done={so.looked} of={Math.max(about, so.looked)} label={title} />
						</>
					)}
					{!busy && <Told stage={stage} so={so} />}
					{stage !== "trying" && <Outcomes of={so} />}
					{stage === "tried" && isAboutSender(group.code ?? "") && (
						<CheckField
							label={t.trust}
							hint={t.trustHint}
							value={trust}
							onValue={(on) => {
								setTrust(on);
								void run(true, on);
							}}
						/>
					)}
					{stage === "tried" && good > 0 && <p class="mute small">{t.lasting}</p>}
				</>
			)}
		</Dialog>
	);
}

function renew() {
	for (const word of ["signals", "conversions", "deliveries", "overview", "balances"])
		void cache.invalidateQueries({ queryKey: [word] });
}

function Told({ stage, so }: { stage: Stage; so: Tally }) {
	const good = ofStatus(so, "accepted", "updated");
	if (so.looked === 0) return <Notice>{t.none}</Notice>;
	if (stage === "over")
		return <Notice tone={good > 0 ? "good" : "info"}>{t.over(count(good), count(so.looked))}</Notice>;
	return good > 0 ? (
		<p>{t.would(count(good), count(so.looked))}</p>
	) : (
		<Notice tone="warn">{t.stillRejected}</Notice>
	);
}

function Outcomes({ of }: { of: Tally }) {
	const rows = Object.values(of.by).sort((a, b) => b.count - a.count);
	if (rows.length === 0) return null;
	const columns: Column<(typeof rows)[number]>[] = [
		{
			key: "status",
			head: t.outcome,
			cell: (r) => (r.status === "skipped" ? t.skipped : <Status of={r.status} />),
		},
		{ key: "count", head: t.count, end: true, cell: (r) => count(r.count) },
		{
			key: "message",
			head: t.why,
			wrap: true,
			cell: (r) => (
				<>
					{r.code && r.code !== "ok" && <b>{codeName(r.code)}: </b>}
					{said(sentence(r.message))} <Link href={`/signals/${r.sample}`}>{t.sample}</Link>
				</>
			),
		},
	];
	return <Table caption={t.outcomes} columns={columns} rows={rows} rowKey={(r) => r.status + r.code} />;
}
