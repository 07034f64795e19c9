// The form of a record: its fields, what to do when somebody else changed it, and
// the way to save.
import type { ComponentChildren } from "preact";
import type { Edit } from "../api/edit.ts";
import { same } from "../lib/patch.ts";
import { may } from "../lib/session.ts";
import { text } from "../text/en.ts";
import { Button } from "./button.tsx";
import "./fields.css";
import { Form } from "./form.tsx";
import { Notice } from "./notice.tsx";

const t = text.edit;

/** How a value is told where two versions are compared. */
export type Words = (field: string, value: unknown) => string;

function plain(_: string, value: unknown): string {
	if (value === undefined || value === null || value === "") return t.nothing;
	if (typeof value === "boolean") return value ? text.common.yes : text.common.no;
	if (typeof value === "string" || typeof value === "number") return String(value);
	if (Array.isArray(value) && value.every((v) => typeof v !== "object")) return value.join(", ") || t.nothing;
	return JSON.stringify(value);
}

type Props<T> = {
	edit: Edit<T>;
	label: string;
	children: ComponentChildren;
	/** What fields are called. */
	names?: Record<string, string>;
	words?: Words;
	/** Whether it may only be read. */
	locked?: boolean;
};

/** The form of a record that is being changed. */
export function EditForm<T extends object>({
	edit,
	label,
	children,
	names = {},
	words = plain,
	locked,
}: Props<T>) {
	return (
		<Form problem={edit.problem} warnings={edit.warnings} label={label} onSubmit={() => void edit.save()}>
			{edit.clashes && <Clashes edit={edit} names={names} words={words} />}
			<fieldset class="bare stack" disabled={locked || !may("write")}>
				{children}
			</fieldset>
			{!locked && may("write") && (
				<div class={`save-bar ${edit.dirty ? "dirty" : ""}`}>
					<Button primary type="submit" busy={edit.busy} disabled={!edit.dirty || edit.clashes !== undefined}>
						{t.save}
					</Button>
					{edit.dirty && !edit.clashes && (
						<Button quiet onClick={edit.reset}>
							{t.discard}
						</Button>
					)}
					{edit.dirty && <span class="state">{t.unsaved}</span>}
				</div>
			)}
		</Form>
	);
}

function Clashes<T extends object>({
	edit,
	names,
	words,
}: {
	edit: Edit<T>;
	names: Record<string, string>;
	words: Words;
}) {
	const all = edit.clashes ?? [];
	return (
		<Notice tone="warn" live>
			<p class="strong">{t.clash}</p>
			{all.length === 0 ? (
				<p>{t.clashNothing}</p>
			) : (
				<table class="clash">
					<thead>
						<tr>
							<th scope="col">{t.field}</th>
							<th scope="col">{t.before}</th>
							<th scope="col">{t.theirs}</th>
							<th scope="col">{t.yours}</th>
						</tr>
					</thead>
					<tbody>
						{all.map((c) => (
							<tr key={c.field}>
								<th scope="row">{names[c.field] ?? c.field}</th>
								<td>{words(c.field, c.before)}</td>
								<td>{words(c.field, c.theirs)}</td>
								<td>{same(c.before, c.yours) ? t.untouched : words(c.field, c.yours)}</td>
							</tr>
						))}
					</tbody>
				</table>
			)}
			<p>{t.clashHint}</p>
			<div class="row">
				<Button small busy={edit.busy} onClick={() => void edit.save(true)}>
					{t.saveOver}
				</Button>
				<Button small onClick={edit.reset}>
					{t.takeTheirs}
				</Button>
			</div>
		</Notice>
	);
}
