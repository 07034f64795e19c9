// The bar above a list: what it is narrowed by, all of it in the address.
import { SlidersHorizontal, X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useSearchParams } from "wouter-preact";
import type { Kind } from "../../api/found.ts";
import { expressionOf } from "../../lib/expression.ts";
import { country, dateTime } from "../../lib/format.ts";
import { type Side, side, zone } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import type { Choice } from "../../ui/form.tsx";
import { Named } from "../../ui/named.tsx";
import { Pick } from "../../ui/picker.tsx";
import { RangePicker } from "../../ui/range.tsx";
import "./lists.css";
import { plainly } from "../../lib/hidden.ts";
import {
	type Asked,
	askOf,
	cleared,
	extras,
	type Field,
	isFacts,
	isNarrowed,
	periodOf,
	type Spec,
	standsAt,
	usable,
	withPeriod,
	withValue,
} from "./query.ts";

const t = text.lists.filters;

/** A field of the bar, and how it is filled in. */
export type Control = Field & {
	label: string;
	/** For whom it is; for everybody when left out. */
	sides?: Side[];
	/** It stands behind “More filters”. */
	more?: boolean;
} & ({ pick: Kind } | { choices: Choice[] } | { search: true } | { check: true } | { text: true });

/** A list with its bar. */
export type Bar = Omit<Spec, "fields"> & {
	fields: readonly Control[];
	/** What it lists has no time. */
	timeless?: boolean;
};

/** What a view knows of its address. */
export type Narrowing = {
	query: URLSearchParams;
	set: (q: URLSearchParams, options?: { replace?: boolean }) => void;
	asked: Asked;
	facts: boolean;
	/** Anything narrows the list but its usual period. */
	narrowed: boolean;
	clear: () => void;
};

/** The address as what is asked of the API. */
export function useNarrowing(bar: Bar): Narrowing {
	const [query, setQuery] = useSearchParams();
	const set = (q: URLSearchParams, options?: { replace?: boolean }) => setQuery(() => q, options);
	return {
		query,
		set,
		asked: askOf(query, bar, zone.value),
		facts: isFacts(query, bar),
		narrowed: isNarrowed(query, bar),
		clear: () => set(cleared(query, bar)),
	};
}

/** The bar above a list. */
export function Filters({ bar, of, children }: { bar: Bar; of: Narrowing; children?: ComponentChildren }) {
	const { query, set } = of;
	const mine = bar.fields.filter(
		(f) => (f.sides ?? [side.value]).includes(side.value) && usable(query, bar, f),
	);
	const hidden = mine.filter((f) => f.more);
	const used = hidden.filter((f) => standsAt(query, bar, f) !== "").length;
	const [open, setOpen] = useState(used > 0);
	const change = (f: Field, value: string) => set(withValue(query, bar, f, value));
	const period = periodOf(query, bar);
	const left = extras(query, bar);
	const show = (all: Control[]) =>
		all.map((f) => (
			<FilterField
				key={f.name}
				field={f}
				value={standsAt(query, bar, f)}
				onValue={(value) => change(f, value)}
			/>
		));
	return (
		<section class="list-filters" aria-label={t.label}>
			<div class="list-filter-row">
				{bar.timeless ? null : period === undefined ? (
					<Chip onRemove={() => set(withPeriod(query, bar, bar.period))}>
						<Bounds of={query} />
					</Chip>
				) : (
					<RangePicker
						value={period}
						any={bar.facts ? undefined : t.anyTime}
						onValue={(value) => set(withPeriod(query, bar, value))}
					/>
				)}
				{show(mine.filter((f) => !f.more))}
				{hidden.length > 0 && (
					<Button quiet aria-expanded={open} onClick={() => setOpen(!open)}>
						<SlidersHorizontal aria-hidden />
						{t.more}
						{used > 0 && <span class="badge info">{used}</span>}
					</Button>
				)}
				{of.narrowed && (
					<Button quiet onClick={of.clear}>
						{t.clear}
					</Button>
				)}
				{children}
			</div>
			{open && hidden.length > 0 && <div class="list-filter-row">{show(hidden)}</div>}
			{(left.length > 0 || query.get("time") === "click") && (
				<div class="row">
					{query.get("time") === "click" && (
						<Chip
							onRemove={() => {
								const next = new URLSearchParams(query);
								next.delete("time");
								set(next);
							}}
						>
							{t.byClick}
						</Chip>
					)}
					{left.map((e) => (
						<Chip key={e.text} onRemove={() => set(e.without)}>
							<Expressed text={e.text} />
						</Chip>
					))}
				</div>
			)}
		</section>
	);
}

function Chip({ onRemove, children }: { onRemove: () => void; children: ComponentChildren }) {
	return (
		<span class="chip">
			<span class="break">{children}</span>
			<button type="button" aria-label={t.remove} title={t.remove} onClick={onRemove}>
				<X aria-hidden />
			</button>
		</span>
	);
}

function Bounds({ of }: { of: URLSearchParams }) {
	const from = of.get("from");
	const to = of.get("to") ?? of.get("until");
	const tz = of.get("tz");
	const show = (v: string) => (/^\d{4}-\d\d-\d\d$/.test(v) ? v : dateTime(v));
	return (
		<>
			{from && to ? t.between(show(from), show(to)) : from ? t.since(show(from)) : t.before(show(to ?? ""))}
			{tz && tz !== zone.value && /^\d{4}-\d\d-\d\d$/.test(`${from ?? to}`) && ` (${tz})`}
		</>
	);
}

// An expression of a filter in words.
function Expressed({ text: expression }: { text: string }) {
	const e = expressionOf(expression);
	if (!e) return <>{expression}</>;
	const dims = text.lists.dims as Record<string, string>;
	const ops = t.operators as Record<string, string>;
	return (
		<>
			{dims[e.dim] ?? e.dim} {ops[e.op] ?? e.op}{" "}
			{e.values.map((v, i) => (
				<span key={v}>
					{i > 0 && ", "}
					<b>
						<Value dim={e.dim} of={v} />
					</b>
				</span>
			))}
		</>
	);
}

function Value({ dim, of }: { dim: string; of: string }) {
	if (dim === "offer" || dim === "affiliate" || dim === "advertiser")
		return <Named kind={dim} id={Number(of)} plain />;
	if (of === "") return <>{t.none}</>;
	if (dim === "country") return <>{country(of)}</>;
	if (dim === "is_bot" || dim === "test" || dim === "view_through" || dim === "delivered")
		return <>{of === "true" || of === "1" ? text.common.yes : text.common.no}</>;
	return <>{text.status[of as keyof typeof text.status] ?? of}</>;
}

type FieldProps = { field: Control; value: string; onValue: (value: string) => void };

function FilterField({ field: f, value, onValue }: FieldProps) {
	if ("pick" in f)
		return (
			<div class="list-filter wide">
				<Pick kind={f.pick} value={value} onValue={onValue} label={f.label} placeholder={f.label} />
			</div>
		);
	if ("choices" in f)
		return (
			<select
				class="select list-filter"
				aria-label={f.label}
				value={value}
				onChange={(e) => onValue(e.currentTarget.value)}
			>
				<option value="">{t.anyOf(f.label)}</option>
				{f.choices.map((c) => (
					<option key={c.value} value={c.value}>
						{plainly(c.label)}
					</option>
				))}
			</select>
		);
	if ("check" in f)
		return (
			<label class="check list-check">
				<input
					type="checkbox"
					checked={value === "1"}
					onChange={(e) => onValue(e.currentTarget.checked ? "1" : "")}
				/>
				<span>{f.label}</span>
			</label>
		);
	return <TypedField field={f} value={value} onValue={onValue} />;
}

// What is typed is taken by Enter, when the field is left, or after a moment.
function TypedField({ field: f, value, onValue }: FieldProps) {
	const [typed, setTyped] = useState(value);
	useEffect(() => setTyped(value), [value]);
	useEffect(() => {
		const now = typed.trim();
		if (now === value) return;
		const soon = setTimeout(() => onValue(now), 600);
		return () => clearTimeout(soon);
	}, [typed]);
	const take = () => typed.trim() !== value && onValue(typed.trim());
	return (
		<input
			class={`input list-filter ${"search" in f ? "search" : ""}`}
			type="search"
			aria-label={f.label}
			placeholder={f.label}
			autocomplete="off"
			spellcheck={false}
			value={typed}
			onInput={(e) => setTyped(e.currentTarget.value)}
			onKeyDown={(e) => e.key === "Enter" && take()}
			onBlur={take}
		/>
	);
}
