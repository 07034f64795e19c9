// The dialog by which affiliates are paid: it says what each would get, asks, and books.
import { useQueryClient } from "@tanstack/preact-query";
import { CircleCheck, CircleX, LoaderCircle } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, read, type Schema } from "../../api/client.ts";
import { confirmed } from "../../lib/confirm.ts";
import { count, dateTime, plural, sum } from "../../lib/format.ts";
import { problemOf } from "../../lib/problem.ts";
import { text } from "../../text/en.ts";
import { Progress } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { AreaField, TextField } from "../../ui/form.tsx";
import { Named } from "../../ui/named.tsx";
import { Notice, Skeleton } from "../../ui/notice.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { sentence } from "../lists/words.ts";
import { eachOf, sumsOf } from "./pay.ts";

const t = text.payouts.pay;

type Due = Schema["Due"];
type Payout = Schema["Payout"];

/** One payout on its way: what it would be, and what it is. */
type Line = { due: Due; key: string; plan?: Payout; made?: Payout; wrong?: string };

type Props = { due: Due[]; until: string; onClose: () => void };

// What a payout changes.
const touched = [
	"payouts",
	"balances",
	"conversions",
	"entries",
	"adjustments",
	"deliveries",
	"signals",
	"trace",
];

// A key by which a repetition is known.
const newKey = () => `${Date.now()}-${Array.from(crypto.getRandomValues(new Uint32Array(3))).join("-")}`;

/** Asks before affiliates are paid, and shows how the booking goes on. */
export function PayDialog({ due, until, onClose }: Props) {
	const queries = useQueryClient();
	const [lines, setLines] = useState<Line[]>(() => due.map((one) => ({ due: one, key: newKey() })));
	const [step, setStep] = useState<"plan" | "book">("plan");
	const [reference, setReference] = useState("");
	const [note, setNote] = useState("");
	const gone = useRef(false);
	const put = (key: string, change: Partial<Line>) =>
		setLines((all) => all.map((l) => (l.key === key ? { ...l, ...change } : l)));
	useEffect(() => {
		void eachOf(
			lines,
			async (l) => {
				try {
					const body = bodyOf(l.due, until);
					put(l.key, { plan: await read(api.POST("/api/v1/payouts", { body: { ...body, dry_run: true } })) });
				} catch (thrown) {
					put(l.key, { wrong: problemOf(thrown).message });
				}
			},
			() => gone.current,
		);
		return () => {
			gone.current = true;
		};
	}, []);
	const planned = lines.filter((l) => l.plan);
	const waiting = lines.some((l) => !l.plan && !l.wrong);
	const book = async () => {
		setStep("book");
		// What was asked for is booked, whether one looks on or not.
		await eachOf(planned, async (l) => {
			try {
				const body = { ...bodyOf(l.due, until), amount: l.plan?.amount.amount, reference, note };
				const header = { "Idempotency-Key": l.key };
				put(l.key, {
					made: await confirmed(() => read(api.POST("/api/v1/payouts", { params: { header }, body }))),
				});
			} catch (thrown) {
				put(l.key, { wrong: problemOf(thrown).message });
			}
		});
		for (const word of touched) void queries.invalidateQueries({ queryKey: [word] });
	};
	const close = () => {
		gone.current = true;
		for (const word of touched) void queries.invalidateQueries({ queryKey: [word] });
		onClose();
	};
	if (step === "book") return <Booking lines={planned} put={put} onClose={close} />;
	return (
		<Dialog
			wide
			title={plural(lines.length, t.title)}
			onClose={close}
			onSubmit={() => !waiting && planned.length > 0 && void book()}
			footer={
				<>
					<Button onClick={close}>{text.common.cancel}</Button>
					<Button primary type="submit" disabled={waiting || planned.length === 0}>
						{plural(planned.length || lines.length, t.submit)}
					</Button>
				</>
			}
		>
			<p>{t.lead(dateTime(until))}</p>
			<Plan lines={lines} waiting={waiting} />
			<div class="grid-2">
				<TextField
					label={`${t.reference} (${text.common.optional})`}
					hint={t.referenceHint}
					value={reference}
					onValue={setReference}
					maxLength={200}
				/>
				<AreaField
					label={`${t.note} (${text.common.optional})`}
					hint={t.noteHint}
					rows={1}
					value={note}
					onValue={(v) => setNote(v.slice(0, 1000))}
				/>
			</div>
			<Notice tone="warn">{t.lasting}</Notice>
		</Dialog>
	);
}

const bodyOf = (d: Due, until: string) => ({ affiliate_id: d.affiliate_id, currency: d.currency, until });

function Plan({ lines, waiting }: { lines: Line[]; waiting: boolean }) {
	const sums = sumsOf(lines.flatMap((l) => (l.plan ? [l.plan.amount] : [])));
	const columns: Column<Line>[] = [
		{
			key: "affiliate",
			phone: "title",
			head: text.pick.affiliate,
			cell: (l) => <Named kind="affiliate" id={l.due.affiliate_id} plain />,
			foot: text.reports.sumRow,
		},
		{
			key: "conversions",
			head: text.payouts.due.conversions,
			end: true,
			cell: (l) => (l.plan ? count(l.plan.conversions) : ""),
			foot: "",
		},
		{
			key: "adjustments",
			head: text.payouts.due.adjustments,
			end: true,
			cell: (l) => (l.plan ? count(l.plan.adjustments) : ""),
			foot: "",
		},
		{
			key: "amount",
			phone: "aside",
			head: t.amount,
			end: true,
			cell: (l) => {
				if (l.wrong) return <span class="bad">{said(sentence(l.wrong))}</span>;
				return l.plan ? <span class="strong">{sum(l.plan.amount)}</span> : <Skeleton lines={1} />;
			},
			foot: waiting ? "" : sums.map(sum).join(" + "),
		},
	];
	return (
		<div class="card">
			<Table stack caption={t.caption} columns={columns} rows={lines} rowKey={(l) => l.key} height="38dvh" />
		</div>
	);
}

// How the booking goes on. It goes on without this dialog, too.
function Booking({
	lines,
	put,
	onClose,
}: {
	lines: Line[];
	put: (key: string, change: Partial<Line>) => void;
	onClose: () => void;
}) {
	const open = lines.filter((l) => l.made?.status === "booking");
	useEffect(() => {
		if (open.length === 0) return;
		const timer = setTimeout(() => {
			void eachOf(open, async (l) => {
				const id = l.made?.id ?? 0;
				await read(api.GET("/api/v1/payouts/{id}", { params: { path: { id } } })).then(
					(made) => put(l.key, { made }),
					() => put(l.key, {}), // it is asked again
				);
			});
		}, 700);
		return () => clearTimeout(timer);
	}, [lines]);
	const ended = lines.every((l) => l.wrong || l.made?.status === "booked");
	const booked = lines.filter((l) => l.made?.status === "booked");
	const of = lines.reduce((n, l) => n + (l.wrong ? 0 : (l.plan?.conversions ?? 0)), 0);
	const done = lines.reduce((n, l) => n + (l.wrong ? 0 : (l.made?.conversions ?? 0)), 0);
	return (
		<Dialog
			wide
			title={ended ? t.over : t.booking}
			onClose={onClose}
			footer={
				<Button primary onClick={onClose}>
					{text.common.close}
				</Button>
			}
		>
			{ended ? (
				booked.length > 0 && (
					<Notice tone="good" live>
						{plural(booked.length, t.booked)}{" "}
						{t.transfer(
							sumsOf(booked.flatMap((l) => (l.made ? [l.made.amount] : [])))
								.map(sum)
								.join(" + "),
						)}
					</Notice>
				)
			) : (
				<div class="stack tight" role="status">
					<Progress done={done} of={of} label={t.progress(count(done), count(of))} />
					<span class="small mute">
						{t.progress(count(done), count(of))} {t.goesOn}
					</span>
				</div>
			)}
			<ul class="booking">
				{lines.map((l) => (
					<li key={l.key}>
						<Mark of={l} />
						<span class="grow break">
							<Named kind="affiliate" id={l.due.affiliate_id} plain />
							{l.wrong && <span class="bad block">{said(sentence(l.wrong))}</span>}
						</span>
						{l.made?.id !== undefined && <Link href={`/payouts/${l.made.id}`}>{t.payout(l.made.id)}</Link>}
						<span class="num strong">{sum((l.made?.status === "booked" ? l.made : l.plan)?.amount)}</span>
					</li>
				))}
			</ul>
		</Dialog>
	);
}

function Mark({ of: l }: { of: Line }) {
	if (l.wrong) return <CircleX class="bad" aria-label={t.refused} />;
	if (l.made?.status === "booked") return <CircleCheck class="good" aria-label={text.status.booked} />;
	return <LoaderCircle class="spin mute" aria-label={text.status.booking} />;
}
