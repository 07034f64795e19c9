import { count, dateTime } from "../../lib/format.ts";
import type { Problem } from "../../lib/problem.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { SelectField, TextField } from "../../ui/form.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Said as Shown, said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import type { Said, Trial } from "./compare.tsx";

const t = text.work.reconciliation;

const fields = [
	"transaction_id",
	"conversion_id",
	"order_id",
	"offer_id",
	"amount",
	"revenue",
	"payout",
	"currency",
	"status",
	"time",
	"clock",
];

const hidden: Record<string, string[]> = { advertiser: ["payout"], affiliate: ["revenue"], network: [] };

type UnderstoodProps = {
	trial: Trial;
	head: string[];
	said: Said;
	say: (change: Partial<Said>) => void;
	/** The numbers of columns that were chosen for fields. */
	columns: Record<string, string>;
	onColumns: (columns: Record<string, string>) => void;
	problem: Problem | undefined;
};

/** How a list is understood, and what may be said to understand it otherwise. */
export function Understood({ trial, head, said, say, columns, onColumns, problem }: UnderstoodProps) {
	const l = trial.list;
	return (
		<>
			{trial.unsure && (
				<Notice tone="warn" live>
					{trial.unsure}
				</Notice>
			)}
			<p>
				<b>{t.understood(count(l.lines))}</b>
				{l.skipped > 0 && t.skipped(count(l.skipped))}
			</p>
			{l.notes.length > 0 && (
				<ul class="plain-list small">
					{l.notes.map((n) => (
						<li key={n}>
							<Shown of={n} />
						</li>
					))}
				</ul>
			)}
			<Problems of={trial} />
			<h3>{t.first}</h3>
			<First of={trial} />
			<h3>{t.columnsTitle}</h3>
			<div class="grid-3">
				{fields
					.filter((f) => !hidden[side.value]?.includes(f))
					.map((f) => {
						const found = l.columns.find((c) => c.field === f);
						return (
							<SelectField
								key={f}
								label={t.fields[f] ?? f}
								value={columns[f] || String(found?.number ?? "")}
								onValue={(v) => onColumns({ ...columns, [f]: v })}
								hint={found && !columns[f] ? t.found[found.how] : undefined}
								choices={[
									{ value: "", label: t.noColumn, disabled: found !== undefined },
									...head.map((name, i) => ({ value: String(i + 1), label: t.column(i + 1, name) })),
								]}
							/>
						);
					})}
			</div>
			<div class="grid-2">
				<SelectField
					label={t.dateOrder}
					value={said.date_order}
					onValue={(date_order) => say({ date_order })}
					error={problem?.at("date_order")}
					choices={[
						{ value: "", label: t.dateAuto },
						{ value: "dmy", label: t.dmy },
						{ value: "mdy", label: t.mdy },
					]}
				/>
				<SelectField
					label={t.decimal}
					value={said.decimal}
					onValue={(decimal) => say({ decimal })}
					error={problem?.at("decimal")}
					choices={[
						{ value: "", label: t.dateAuto },
						{ value: "point", label: t.point },
						{ value: "comma", label: t.comma },
					]}
				/>
				<TextField
					label={`${t.currency} (${text.common.optional})`}
					hint={t.currencyHint}
					value={said.currency}
					onValue={(v) => say({ currency: v.toUpperCase() })}
					maxLength={3}
					error={problem?.at("currency")}
				/>
				<TextField
					label={`${t.words} (${text.common.optional})`}
					hint={t.wordsHint}
					value={said.status_words}
					onValue={(status_words) => say({ status_words })}
					error={problem?.at("status_words")}
				/>
			</div>
		</>
	);
}

function Problems({ of }: { of: Trial }) {
	const l = of.list;
	if (l.problem_count === 0) return null;
	return (
		<Notice tone="warn">
			{t.problems(count(l.problem_count))}
			<ul class="plain-list small">
				{l.problems.slice(0, 5).map((p) => (
					<li key={`${p.line} ${p.column}`}>
						{t.problemAt(count(p.line))}: {said(p.message)}
					</li>
				))}
			</ul>
		</Notice>
	);
}

type Line = Trial["first"][number];

function First({ of }: { of: Trial }) {
	const has = (f: keyof Line) => of.first.some((r) => r[f] !== undefined && r[f] !== "");
	const plain: Column<Line>[] = (
		[
			"transaction_id",
			"conversion_id",
			"order_id",
			"amount",
			"revenue",
			"payout",
			"currency",
			"status",
		] as const
	)
		.filter(has)
		.map((f) => ({
			key: f,
			head: t.fields[f] ?? f,
			end: ["amount", "revenue", "payout"].includes(f),
			cell: (r) => <span class={f.endsWith("_id") ? "id" : ""}>{said(r[f] ?? "")}</span>,
		}));
	return (
		<Table
			caption={t.first}
			rows={of.first}
			rowKey={(r) => r.line}
			height="200px"
			columns={[
				{ key: "line", head: t.line, cell: (r) => count(r.line) },
				...(has("at") ? [{ key: "at", head: t.fields.time, cell: (r: Line) => dateTime(r.at) }] : []),
				...plain,
			]}
		/>
	);
}
