import type { ComponentChildren } from "preact";
import type { Problem } from "../lib/problem.ts";
import { Failed } from "./notice.tsx";
import { TableFoot } from "./table.tsx";

type ListLike = {
	rows: readonly unknown[];
	problem: Problem | undefined;
	again: () => void;
	next?: string;
	more: () => void;
	busy: boolean;
};

type PagedProps = {
	of: ListLike;
	children: ComponentChildren;
	/** What stands beside the way to more. */
	foot?: ComponentChildren;
};

/** The table of a list, with the way to more below it, or why the list could not be read. */
export function Paged({ of: l, children, foot }: PagedProps) {
	if (l.problem && l.rows.length === 0) return <Failed problem={l.problem} again={l.again} />;
	return (
		<>
			{children}
			{l.rows.length > 0 && (
				<TableFoot shown={l.rows.length} next={l.next} onMore={l.more} busy={l.busy}>
					{foot}
				</TableFoot>
			)}
		</>
	);
}

type SearchProps = { label: string; value: string; onValue: (value: string) => void };

/** The field by which a list is searched. */
export function SearchField({ label, value, onValue }: SearchProps) {
	return (
		<input
			class="input"
			type="search"
			aria-label={label}
			placeholder={label}
			value={value}
			onInput={(e) => onValue(e.currentTarget.value)}
		/>
	);
}

type PickCellProps = {
	label: string;
	checked: boolean;
	/** Some of those that the box stands for are chosen, and some are not. */
	some?: boolean;
	disabled?: boolean;
	onChange: (on: boolean) => void;
};

/** The box by which a row is chosen, or all of them. */
export function PickCell({ label, checked, some = false, disabled, onChange }: PickCellProps) {
	return (
		<label class="pick-cell">
			<input
				type="checkbox"
				aria-label={label}
				checked={checked}
				disabled={disabled}
				ref={(el) => {
					if (el) el.indeterminate = some && !checked;
				}}
				onChange={(e) => onChange(e.currentTarget.checked)}
			/>
		</label>
	);
}
