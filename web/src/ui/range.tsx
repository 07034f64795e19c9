import { useState } from "preact/hooks";
import { today } from "../lib/format.ts";
import { text } from "../text/en.ts";

/** Days from and to, both included, as 2026-11-22. */
export type Range = { from: string; to: string };

/** The ranges that have names. */
export function presets(): Record<string, { label: string; range: Range }> {
	const t = today();
	const month = `${t.slice(0, 8)}01`;
	const endOfLast = new Date(`${month}T00:00:00Z`);
	endOfLast.setUTCDate(0);
	const last = endOfLast.toISOString().slice(0, 10);
	return {
		today: { label: text.range.today, range: { from: t, to: t } },
		yesterday: { label: text.range.yesterday, range: { from: today(-1), to: today(-1) } },
		last7: { label: text.range.last7, range: { from: today(-6), to: t } },
		last30: { label: text.range.last30, range: { from: today(-29), to: t } },
		last90: { label: text.range.last90, range: { from: today(-89), to: t } },
		month: { label: text.range.month, range: { from: month, to: t } },
		lastMonth: { label: text.range.lastMonth, range: { from: `${last.slice(0, 8)}01`, to: last } },
	};
}

/** The days that a value of the address stands for: a name, or `2026-11-01..2026-11-22`. */
export function rangeOf(value: string): Range {
	const [from, to] = value.split("..");
	if (from && to) return { from, to };
	return presets()[value]?.range ?? presets().last7!.range;
}

/** Chooses days, by name or from the calendar. */
export function RangePicker({
	value,
	onValue,
	any,
}: {
	value: string;
	onValue: (value: string) => void;
	/** What no bound at all is called, where that may be chosen (an empty value). */
	any?: string;
}) {
	const custom = value.includes("..");
	const [open, setOpen] = useState(custom);
	const r = rangeOf(value);
	const set = (change: Partial<Range>) => {
		const next = { ...r, ...change };
		if (!next.from || !next.to) return;
		onValue(next.from <= next.to ? `${next.from}..${next.to}` : `${next.to}..${next.from}`);
	};
	return (
		<div class="row">
			<select
				class="select"
				aria-label={text.range.label}
				value={open || custom ? "custom" : value}
				onChange={(e) => {
					const v = e.currentTarget.value;
					setOpen(v === "custom");
					onValue(v === "custom" ? `${r.from}..${r.to}` : v);
				}}
			>
				{any && <option value="">{any}</option>}
				{Object.entries(presets()).map(([k, p]) => (
					<option key={k} value={k}>
						{p.label}
					</option>
				))}
				<option value="custom">{text.range.custom}</option>
			</select>
			{(open || custom) && (
				<>
					<input
						class="input"
						type="date"
						aria-label={text.range.from}
						value={r.from}
						max={today()}
						onChange={(e) => set({ from: e.currentTarget.value })}
					/>
					<input
						class="input"
						type="date"
						aria-label={text.range.to}
						value={r.to}
						onChange={(e) => set({ to: e.currentTarget.value })}
					/>
				</>
			)}
		</div>
	);
}
