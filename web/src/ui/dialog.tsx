import { signal } from "@preact/signals";
import { X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { text } from "../text/en.ts";
import { Button } from "./button.tsx";
import { said } from "./said.tsx";

type DialogProps = {
	title: string;
	onClose: () => void;
	children: ComponentChildren;
	footer?: ComponentChildren;
	wide?: boolean;
	/** Makes the whole dialog a form that is sent by Enter. */
	onSubmit?: () => void;
};

/** A dialog over the page. Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, children, footer, wide, onSubmit }: DialogProps) {
	const box = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		box.current?.showModal();
		// One begins at what is asked for first; without a first field, where the browser begins.
		const first = "[autofocus], .body input:not([disabled]), .body select, .body textarea";
		box.current?.querySelector<HTMLElement>(first)?.focus();
		return () => before?.focus?.();
	}, []);
	const inner = (
		<>
			<header>
				<h2 id={id}>{said(title)}</h2>
				<Button quiet icon aria-label={text.common.close} onClick={onClose}>
					<X aria-hidden />
				</Button>
			</header>
			<div class="body stack">{children}</div>
			{footer && <footer>{footer}</footer>}
		</>
	);
	return (
		<dialog
			ref={box}
			class={`dialog ${wide ? "wide" : ""}`}
			aria-labelledby={id}
			onCancel={(e) => {
				e.preventDefault();
				onClose();
			}}
		>
			{onSubmit ? (
				<form
					noValidate
					onSubmit={(e) => {
						e.preventDefault();
						onSubmit();
					}}
				>
					{inner}
				</form>
			) : (
				<div class="inner">{inner}</div>
			)}
		</dialog>
	);
}

type Question = {
	title: string;
	body?: ComponentChildren;
	yes: string;
	danger?: boolean;
	answer: (yes: boolean) => void;
};
const question = signal<Question | null>(null);

/** Asks before something that cannot be undone. */
export function ask(q: Omit<Question, "answer">): Promise<boolean> {
	return new Promise((resolve) => {
		question.value = {
			...q,
			answer: (yes) => {
				question.value = null;
				resolve(yes);
			},
		};
	});
}

/** Where questions are asked. */
export function Questions() {
	const q = question.value;
	if (!q) return null;
	return (
		<Dialog
			title={q.title}
			onClose={() => q.answer(false)}
			onSubmit={() => q.answer(true)}
			footer={
				<>
					<Button onClick={() => q.answer(false)}>{text.common.cancel}</Button>
					<Button primary danger={q.danger} type="submit" autoFocus>
						{q.yes}
					</Button>
				</>
			}
		>
			{said(q.body ?? null)}
		</Dialog>
	);
}
