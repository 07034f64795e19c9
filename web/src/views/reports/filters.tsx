import { ChevronLeft, ListFilter, X } from "lucide-preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Kind } from "../../api/found.ts";
import { type Expression, expressionOf, writeExpression } from "../../lib/expression.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { useName } from "../../ui/named.tsx";
import { Popover } from "../../ui/popover.tsx";
import { said } from "../../ui/said.tsx";
import { fits } from "./choose.tsx";
import type { Report } from "./query.ts";
import { useSeen, writeValue } from "./values.ts";
import { dimensions, metrics, type Word, word } from "./words.ts";

const t = text.reports.filter;

const opNames: Record<string, string> = {
	"=": t.is,
	"!=": t.isNot,
	"^=": t.begins,
	"~=": t.contains,
	">=": t.least,
	"<=": t.most,
	">": t.more,
	"<": t.less,
};

function opsOf(w: Word): string[] {
	switch (w.kind) {
		case "text":
			return ["=", "!=", "^=", "~="];
		case "id":
			return ["=", "!=", ">=", "<="];
		case "flag":
			return ["="];
		default:
			return [">=", "<=", ">", "<", "=", "!="];
	}
}

type FiltersProps = {
	report: Report;
	zone: string;
	onFilters: (filters: string[]) => void;
	/** By dimensions alone: there are no rows to choose by a metric. */
	plain?: boolean;
};

/** The filters of a report, each to be changed or removed, and a way to add one. */
export function Filters({ report, zone, onFilters, plain }: FiltersProps) {
	const put = (i: number, filter?: string) => {
		const next = [...report.filters];
		next.splice(i, 1, ...(filter === undefined ? [] : [filter]));
		onFilters(next);
	};
	return (
		<>
			{report.filters.map((f, i) => {
				const e = expressionOf(f) as Expression;
				const rest = { ...report, filters: report.filters.filter((_, k) => k !== i) };
				return (
					<span class="chip" key={f}>
						<Popover
							class="chip-text"
							label={t.edit(word(e.dim).label)}
							panel={(close) => (
								<Editor
									report={rest}
									zone={zone}
									expression={e}
									onApply={(next) => {
										put(i, next);
										close();
									}}
								/>
							)}
						>
							<Told expression={e} zone={zone} />
						</Popover>
						<button
							type="button"
							aria-label={text.reports.removeFrom(word(e.dim).label)}
							onClick={() => put(i)}
						>
							<X aria-hidden />
						</button>
					</span>
				);
			})}
			<Popover
				class="btn small"
				label={text.reports.chooseFilter}
				panel={(close) => (
					<Add
						plain={plain}
						report={report}
						zone={zone}
						onApply={(f) => {
							onFilters([...report.filters.filter((one) => one !== f), f]);
							close();
						}}
					/>
				)}
			>
				<ListFilter aria-hidden />
				{text.reports.addFilter}
			</Popover>
		</>
	);
}

// Told is a filter in words: "Country is Germany or France".
function Told({ expression: e, zone }: { expression: Expression; zone: string }) {
	return (
		<>
			<span class="mute">
				{word(e.dim).label} {opNames[e.op] ?? e.op}
			</span>{" "}
			<b>
				{e.values.length > 3
					? t.several(e.values.length)
					: e.values.map((v, i) => (
							<>
								{i > 0 && ` ${t.or} `}
								<Value key={v} dim={e.dim} value={v} zone={zone} />
							</>
						))}
			</b>
		</>
	);
}

const kinds = ["offer", "affiliate", "advertiser"];

// Value is a value by its name, where it has one that may be known.
function Value({ dim, value, zone }: { dim: string; value: string; zone: string }) {
	const kind = kinds.includes(dim) ? (dim as Kind) : undefined;
	const name = useName(kind ?? "offer", kind ? Number(value) : undefined);
	return <>{name ?? writeValue(dim, value, {}, zone)}</>;
}

// Add leads to a new filter: first what by, then which values.
function Add(props: { report: Report; zone: string; plain?: boolean; onApply: (filter: string) => void }) {
	const [picked, setPicked] = useState<Word>();
	const [typed, setTyped] = useState("");
	if (picked)
		return (
			<Editor
				{...props}
				expression={{ dim: picked.name, op: opsOf(picked)[0] as string, values: [] }}
				onBack={() => setPicked(undefined)}
			/>
		);
	const words = [
		...dimensions(side.value).filter((w) => w.kind !== "time"),
		...(props.plain ? [] : metrics(side.value)),
	];
	const found = words.filter((w) => fits(w, typed));
	const groups = [...new Set(found.map((w) => w.group))];
	return (
		<div class="choose">
			<input
				class="input"
				role="searchbox"
				data-first
				aria-label={text.reports.find}
				placeholder={text.reports.find}
				value={typed}
				onInput={(e) => setTyped(e.currentTarget.value)}
				onKeyDown={(e) => {
					if (e.key === "Enter" && typed && found[0]) {
						e.preventDefault();
						setPicked(found[0]);
					}
				}}
			/>
			<div class="choose-lists">
				{groups.map((g) => (
					<div key={g} role="group" aria-label={g}>
						<div class="title">{g}</div>
						{found
							.filter((w) => w.group === g)
							.map((w) => (
								<button type="button" class="item" key={w.name} title={w.hint} onClick={() => setPicked(w)}>
									{w.label}
								</button>
							))}
					</div>
				))}
				{found.length === 0 && <p class="small mute pad">{text.reports.nothingFits}</p>}
			</div>
		</div>
	);
}

type EditorProps = {
	report: Report;
	zone: string;
	expression: Expression;
	onApply: (filter: string) => void;
	onBack?: () => void;
};

// Editor is one filter: how it compares, and with what.
function Editor({ report, zone, expression, onApply, onBack }: EditorProps) {
	const w = word(expression.dim);
	const [op, setOp] = useState(expression.op);
	const [values, setValues] = useState(expression.values);
	const several = op === "=" || op === "!=";
	const listed = several && (w.kind === "text" || w.kind === "id");
	const usable = listed ? values : values.slice(0, 1).filter((v) => v.trim() !== "");
	const form = useRef<HTMLFormElement>(null);
	// Before it is seen: what is typed at once is typed here.
	useLayoutEffect(() => form.current?.querySelector<HTMLElement>("[data-first]")?.focus(), []);
	const apply = () => {
		if (usable.length > 0) onApply(writeExpression({ dim: w.name, op, values: usable }));
	};
	return (
		<form
			ref={form}
			class="choose"
			onSubmit={(e) => {
				e.preventDefault();
				apply();
			}}
		>
			<div class="row between">
				<span class="strong">{w.label}</span>
				{onBack && (
					<Button quiet small onClick={onBack}>
						<ChevronLeft aria-hidden />
						{t.back}
					</Button>
				)}
			</div>
			{opsOf(w).length > 1 && (
				<select class="select" aria-label={w.label} value={op} onChange={(e) => setOp(e.currentTarget.value)}>
					{opsOf(w).map((o) => (
						<option key={o} value={o} selected={o === op}>
							{opNames[o]}
						</option>
					))}
				</select>
			)}
			{w.kind === "flag" ? (
				<div class="row">
					{["true", "false"].map((v) => (
						<Button
							key={v}
							aria-pressed={values[0] === v}
							onClick={() => onApply(writeExpression({ dim: w.name, op: "=", values: [v] }))}
						>
							{v === "true" ? text.reports.yes : text.reports.no}
						</Button>
					))}
				</div>
			) : listed ? (
				<Values dim={w.name} report={report} zone={zone} values={values} onValues={setValues} />
			) : (
				<input
					class="input"
					data-first
					aria-label={t.value}
					placeholder={t.value}
					inputMode={w.kind === "text" ? "text" : "decimal"}
					value={values[0] ?? ""}
					onInput={(e) => setValues([e.currentTarget.value])}
				/>
			)}
			{w.kind !== "flag" && (
				<div class="row between">
					<span class="small mute">{listed && values.length > 1 ? t.several(values.length) : ""}</span>
					<Button primary small type="submit" disabled={usable.length === 0}>
						{t.apply}
					</Button>
				</div>
			)}
		</form>
	);
}

type ValuesProps = {
	dim: string;
	report: Report;
	zone: string;
	values: string[];
	onValues: (values: string[]) => void;
};

// Values is what a dimension has in the period, to be ticked, and what is typed.
function Values({ dim, report, zone, values, onValues }: ValuesProps) {
	const [typed, setTyped] = useState("");
	const looked = useLater(typed);
	const seen = useSeen(report, dim, looked, zone);
	const [first] = useState(values);
	const all = [
		...first
			.filter((v) => !seen.data?.some((s) => s.value === v))
			.map((v) => ({ value: v, label: writeValue(dim, v, {}, zone), detail: undefined })),
		...(seen.data ?? []),
	];
	const low = typed.trim().toLowerCase();
	const found = all.filter((s) => `${s.label} ${s.value}`.toLowerCase().includes(low)).slice(0, 200);
	const toggle = (v: string) => onValues(values.includes(v) ? values.filter((x) => x !== v) : [...values, v]);
	const own = typed.trim() !== "" && !all.some((s) => s.value === typed.trim());
	const ownFits = word(dim).kind !== "id" || /^\d+$/.test(typed.trim());
	const takeTyped = () => {
		toggle(own && ownFits ? typed.trim() : (found[0]?.value ?? typed.trim()));
		setTyped("");
	};
	return (
		<>
			<input
				class="input"
				role="searchbox"
				data-first
				aria-label={t.search}
				placeholder={t.search}
				value={typed}
				onInput={(e) => setTyped(e.currentTarget.value)}
				onKeyDown={(e) => {
					if (e.key === "Enter" && typed.trim()) {
						e.preventDefault();
						takeTyped();
					}
				}}
			/>
			<fieldset class="choose-lists values">
				<legend>{t.inPeriod}</legend>
				{values
					.filter((v) => !all.some((s) => s.value === v))
					.map((v) => (
						<Tick key={v} value={v} label={writeValue(dim, v, {}, zone)} on onToggle={toggle} />
					))}
				{found.map((s) => (
					<Tick key={s.value} {...s} on={values.includes(s.value)} onToggle={toggle} />
				))}
				{own && ownFits && !values.includes(typed.trim()) && (
					<button type="button" class="item" onClick={takeTyped}>
						{t.use(typed.trim())}
					</button>
				)}
				{found.length === 0 && !own && (
					<p class="small mute pad">
						{seen.problem ? said(seen.problem.message) : seen.loading ? text.common.loading : t.none}
					</p>
				)}
			</fieldset>
		</>
	);
}

function Tick(props: {
	value: string;
	label: string;
	detail?: string;
	on: boolean;
	onToggle: (v: string) => void;
}) {
	return (
		<label class="check">
			<input type="checkbox" checked={props.on} onChange={() => props.onToggle(props.value)} />
			<span class="grow break">{props.label}</span>
			{props.detail && <span class="small mute num">{said(props.detail)}</span>}
		</label>
	);
}

// What was typed once the typing pauses.
function useLater(value: string): string {
	const [later, setLater] = useState(value);
	useEffect(() => {
		const timer = setTimeout(() => setLater(value), 250);
		return () => clearTimeout(timer);
	}, [value]);
	return later;
}
