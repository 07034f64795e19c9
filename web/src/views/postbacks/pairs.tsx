import { Plus, X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";

const t = text.postbacks.form;

type Values = Record<string, string> | undefined;

type Props = {
	label: string;
	value: Values;
	onValue: (value: Values) => void;
	nameLabel: string;
	add: string;
	hint?: ComponentChildren;
	/** The field of a value. */
	children: (name: string, value: string, onValue: (value: string) => void) => ComponentChildren;
};

const recordOf = (rows: [string, string][]): Values => {
	const named = rows.filter(([name]) => name.trim() !== "").map(([name, v]) => [name.trim(), v] as const);
	return named.length ? Object.fromEntries(named) : undefined;
};

/** Names and values that somebody writes. A row without a name is not kept. */
export function PairsField({ label, value, onValue, nameLabel, add, hint, children }: Props) {
	const [rows, setRows] = useState<[string, string][]>(() => Object.entries(value ?? {}));
	// What was put back from outside takes the place of what is being written.
	const stale = JSON.stringify(recordOf(rows) ?? {}) !== JSON.stringify(value ?? {});
	const now = stale ? Object.entries(value ?? {}) : rows;
	const change = (next: [string, string][]) => {
		setRows(next);
		onValue(recordOf(next));
	};
	return (
		<div class="field" role="group" aria-label={label}>
			<span class="label">{label}</span>
			<div class="pairs">
				{now.map(([name, v], i) => (
					<div class="pair" key={i}>
						<input
							class="input code"
							aria-label={nameLabel}
							placeholder={nameLabel}
							autocomplete="off"
							spellcheck={false}
							value={name}
							onInput={(e) => change(now.map((r, k) => (k === i ? [e.currentTarget.value, r[1]] : r)))}
						/>
						{children(name, v, (to) => change(now.map((r, k) => (k === i ? [r[0], to] : r))))}
						<Button
							quiet
							icon
							aria-label={t.remove(name || nameLabel)}
							onClick={() => change(now.filter((_, k) => k !== i))}
						>
							<X aria-hidden />
						</Button>
					</div>
				))}
				<div>
					<Button small onClick={() => setRows([...now, ["", ""]])}>
						<Plus aria-hidden />
						{add}
					</Button>
				</div>
			</div>
			{hint && <span class="hint">{hint}</span>}
		</div>
	);
}
