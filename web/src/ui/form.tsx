import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import { useContext, useId } from "preact/hooks";
import { plainly } from "../lib/hidden.ts";
import type { Problem } from "../lib/problem.ts";
import { text } from "../text/en.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Notice } from "./notice.tsx";
import { said } from "./said.tsx";

const Wrong = createContext<Problem | undefined>(undefined);

/** Something that was saved as asked, but is probably not meant so. */
export type Warned = { field: string; message: string };

const Doubtful = createContext<Warned[]>([]);

type FormProps = {
	problem?: Problem;
	/** What the API has doubts about, shown at the fields that it names. */
	warnings?: Warned[];
	onSubmit: () => void;
	children: ComponentChildren;
	class?: string;
	label?: string;
};

/**
 * A form. What the API finds wrong is shown at the field it names; what names no
 * field stands above. Fields below find their own part by their `name`.
 */
export function Form({ problem, warnings, onSubmit, children, class: more, label }: FormProps) {
	return (
		<Fielded problem={problem} warnings={warnings}>
			<form
				noValidate
				aria-label={label}
				class={more ?? "stack"}
				onSubmit={(e) => {
					e.preventDefault();
					onSubmit();
				}}
			>
				{problem && (
					<Notice tone="bad" live>
						{problem.places.length > 0 ? text.common.checkFields : said(problem.message)}
					</Notice>
				)}
				{children}
			</form>
		</Fielded>
	);
}

type DialogFormProps = {
	title: string;
	/** What the button says that sends it. */
	submit: string;
	/** What it is sent by: while that is busy it cannot be sent again. */
	change: { busy: boolean; problem: Problem | undefined };
	warnings?: Warned[];
	onSubmit: () => unknown;
	onClose: () => void;
	wide?: boolean;
	/** What the other button says. */
	close?: string;
	children: ComponentChildren;
};

/** A form over the page: what is sent at once, or not at all. */
export function DialogForm({ change, warnings, onSubmit, children, ...p }: DialogFormProps) {
	const wrong = change.problem;
	return (
		<Dialog
			wide={p.wide}
			title={p.title}
			onClose={p.onClose}
			onSubmit={() => void onSubmit()}
			footer={
				<>
					<Button onClick={p.onClose}>{p.close ?? text.common.cancel}</Button>
					<Button primary type="submit" busy={change.busy}>
						{p.submit}
					</Button>
				</>
			}
		>
			<Fielded problem={wrong} warnings={warnings}>
				{wrong && wrong.places.length === 0 && (
					<Notice tone="bad" live>
						{wrong.message}
					</Notice>
				)}
				{children}
			</Fielded>
		</Dialog>
	);
}

/** Tells the fields within what is wrong with them, where the form is not a <Form>. */
export function Fielded({
	problem,
	warnings,
	children,
}: {
	problem?: Problem;
	warnings?: Warned[];
	children: ComponentChildren;
}) {
	return (
		<Wrong.Provider value={problem}>
			<Doubtful.Provider value={warnings ?? noWarnings}>{children}</Doubtful.Provider>
		</Wrong.Provider>
	);
}

const noWarnings: Warned[] = [];

const within = (field: string, name: string) =>
	field === name || field.startsWith(`${name}.`) || field.startsWith(`${name}[`);

type FieldProps = {
	label: string;
	name?: string;
	hint?: ComponentChildren;
	error?: string;
	hideLabel?: boolean;
	class?: string;
};

type Inner = { id: string; "aria-describedby"?: string; "aria-invalid"?: "true"; name?: string };

/** Label, control, hint and error of one field. */
export function Field({
	label,
	name,
	hint,
	error,
	hideLabel,
	class: more,
	children,
}: FieldProps & { children: (inner: Inner) => ComponentChildren }) {
	const id = useId();
	const problem = useContext(Wrong);
	const wrong = error ?? (name ? problem?.at(name) : undefined);
	const doubts = useContext(Doubtful).filter((w) => name && within(w.field, name));
	const describedBy =
		[hint && `${id}h`, wrong && `${id}e`, doubts.length > 0 && `${id}w`].filter(Boolean).join(" ") ||
		undefined;
	return (
		<div class={`field ${more ?? ""}`}>
			<label for={id} class={hideLabel ? "visually-hidden" : undefined}>
				{said(label)}
			</label>
			{children({ id, name, "aria-describedby": describedBy, "aria-invalid": wrong ? "true" : undefined })}
			{wrong && (
				<span class="error" id={`${id}e`}>
					{said(wrong)}
				</span>
			)}
			{doubts.length > 0 && (
				<span class="warning" id={`${id}w`}>
					{said(doubts.map((d) => d.message).join(" "))}
				</span>
			)}
			{hint && (
				<span class="hint" id={`${id}h`}>
					{said(hint)}
				</span>
			)}
		</div>
	);
}

type TextProps = FieldProps & {
	value: string;
	onValue: (value: string) => void;
	code?: boolean;
	type?: "text" | "password" | "email" | "url" | "search" | "number" | "date" | "datetime-local";
	placeholder?: string;
	/** What a browser may fill in: `username`, `current-password`, `one-time-code`. */
	autocomplete?: string;
	inputMode?: "text" | "decimal" | "numeric" | "email" | "url";
	maxLength?: number;
	disabled?: boolean;
	readOnly?: boolean;
	autoFocus?: boolean;
	min?: string;
	max?: string;
	step?: string;
	/** ID of a <datalist>. */
	list?: string;
	onBlur?: () => void;
};

/** One line of text. */
export function TextField(props: TextProps) {
	const { label, name, hint, error, hideLabel, class: more, value, onValue, code, ...rest } = props;
	return (
		<Field {...{ label, name, hint, error, hideLabel, class: more }}>
			{(inner) => (
				<input
					{...({ type: "text", autocomplete: "off", spellcheck: false, ...rest, ...inner } as Record<
						string,
						unknown
					>)}
					class={`input ${code ? "code" : ""}`}
					value={value}
					onInput={(e: { currentTarget: HTMLInputElement }) => onValue(e.currentTarget.value)}
				/>
			)}
		</Field>
	);
}

type AreaProps = FieldProps & {
	value: string;
	onValue: (value: string) => void;
	code?: boolean;
	rows?: number;
	placeholder?: string;
};

/** Several lines of text. */
export function AreaField({ value, onValue, code, rows, placeholder, ...field }: AreaProps) {
	return (
		<Field {...field}>
			{(inner) => (
				<textarea
					{...inner}
					class={`textarea ${code ? "code" : ""}`}
					rows={rows}
					placeholder={placeholder}
					spellcheck={!code}
					value={value}
					onInput={(e) => onValue(e.currentTarget.value)}
				/>
			)}
		</Field>
	);
}

/** One choice of a list: its value, and how it is called. */
export type Choice = { value: string; label: string; disabled?: boolean };

type SelectProps = FieldProps & {
	value: string;
	onValue: (value: string) => void;
	choices: Choice[];
	disabled?: boolean;
};

/** One of a few choices. */
export function SelectField({ value, onValue, choices, disabled, ...field }: SelectProps) {
	return (
		<Field {...field}>
			{(inner) => (
				<select
					{...inner}
					class="select"
					disabled={disabled}
					value={value}
					onChange={(e) => onValue(e.currentTarget.value)}
				>
					{choices.map((c) => (
						<option key={c.value} value={c.value} disabled={c.disabled} selected={c.value === value}>
							{plainly(c.label)}
						</option>
					))}
				</select>
			)}
		</Field>
	);
}

type CheckProps = {
	label: ComponentChildren;
	hint?: ComponentChildren;
	value: boolean;
	onValue: (value: boolean) => void;
	disabled?: boolean;
	name?: string;
};

/** Yes or no. */
export function CheckField({ label, hint, value, onValue, disabled, name }: CheckProps) {
	return (
		<label class="check">
			<input
				type="checkbox"
				name={name}
				checked={value}
				disabled={disabled}
				onChange={(e) => onValue(e.currentTarget.checked)}
			/>
			<span>
				{said(label)}
				{hint && <span class="mute small"> {said(hint)}</span>}
			</span>
		</label>
	);
}
