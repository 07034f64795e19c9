// Small things that stand in many places.
import { Check, Copy as CopyIcon } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { ago, instant, percent } from "../lib/format.ts";
import { plainly } from "../lib/hidden.ts";
import { shortId } from "../lib/shortid.ts";
import { text } from "../text/en.ts";
import { Said, said } from "./said.tsx";

type Tone = "good" | "warn" | "bad" | "info" | "mute";

/** A word with a colour. The colour is never all that tells it. */
export function Badge({
	tone = "mute",
	title,
	children,
}: {
	tone?: Tone;
	title?: string;
	children: ComponentChildren;
}) {
	return (
		<span class={`badge ${tone}`} title={title}>
			{said(children)}
		</span>
	);
}

const tones: Record<string, Tone> = {
	active: "good",
	accepted: "good",
	approved: "good",
	paid: "good",
	delivered: "good",
	ok: "good",
	updated: "info",
	pending: "warn",
	hold: "warn",
	queued: "warn",
	booking: "info",
	booked: "good",
	requested: "warn",
	waiting: "info",
	parked: "warn",
	paused: "warn",
	duplicate: "mute",
	rejected: "bad",
	reversed: "bad",
	dead: "bad",
	blocked: "bad",
	disabled: "bad",
	withdrawn: "mute",
	archived: "mute",
	revoked: "mute",
};

/** The status of a record, in the words of the API. */
export function Status({ of }: { of: string | undefined | null }) {
	if (!of) return null;
	return (
		<Badge tone={tones[of] ?? "mute"}>
			{text.status[of as keyof typeof text.status] ?? of.replaceAll("_", " ")}
		</Badge>
	);
}

/** How long ago, with the exact time on hover and focus. */
export function When({ at, exact }: { at: string | undefined | null; exact?: boolean }) {
	if (!at) return <span class="mute">–</span>;
	return (
		<time dateTime={at} title={instant(at)} class="nowrap">
			{exact ? instant(at) : ago(at)}
		</time>
	);
}

/** Puts a text into the clipboard. */
export function Copy({ value, label, small = true }: { value: string; label?: string; small?: boolean }) {
	const [done, setDone] = useState(false);
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(value);
		} catch {
			// Without a secure context there is no clipboard to write to: the old way.
			const area = document.createElement("textarea");
			area.value = value;
			document.body.append(area);
			area.select();
			document.execCommand("copy");
			area.remove();
		}
		setDone(true);
		setTimeout(() => setDone(false), 1500);
	};
	const Icon = done ? Check : CopyIcon;
	return (
		<button
			type="button"
			class={`btn quiet ${small ? "small" : ""} ${label ? "" : "icon"}`}
			aria-label={label ? undefined : text.common.copy}
			title={text.common.copy}
			onClick={copy}
		>
			<Icon aria-hidden />
			{label && (done ? text.common.copied : label)}
			<span class="visually-hidden" role="status">
				{done ? text.common.copied : ""}
			</span>
		</button>
	);
}

/** A transaction ID that leads to its trace. */
export function TraceLink({ id, short }: { id: string | undefined | null; short?: boolean }) {
	if (!id) return <span class="mute">–</span>;
	return (
		<Link href={`/trace/${encodeURIComponent(id)}`} class="id" title={plainly(id)}>
			<Said of={short ? shortId(id) : id} />
		</Link>
	);
}

/** An ID, with a way to copy it. */
export function Id({ of }: { of: string }) {
	return (
		<span class="row tight">
			<span class="id break">
				<Said of={of} />
			</span>
			<Copy value={of} />
		</span>
	);
}

/** Code that is made to be copied. */
export function Code({ of, wrap, label }: { of: string; wrap?: boolean; label?: string }) {
	return (
		<div class="code-block">
			<pre class={wrap ? "wrap" : ""} tabIndex={0} aria-label={label ?? text.common.code} role="group">
				<code>
					<Said of={of} lines />
				</code>
			</pre>
			<Copy value={of} />
		</div>
	);
}

/** How much more or less than before. `down` says that less is better. */
export function Delta({
	now,
	before,
	down,
}: {
	now: number | null | undefined;
	before: number | null | undefined;
	down?: boolean;
}) {
	if (now === null || now === undefined || before === null || before === undefined || before === 0)
		return <span class="mute small">–</span>;
	const change = (now - before) / Math.abs(before);
	const flat = Math.abs(change) < 0.0005;
	const tone = flat ? "mute" : change > 0 !== Boolean(down) ? "good" : "bad";
	return (
		<span class={`small num nowrap ${tone}`}>
			{flat ? "±" : change > 0 ? "▲ " : "▼ "}
			{change >= 10 ? text.common.times(Math.round(now / before)) : percent(Math.abs(change), 1)}
		</span>
	);
}

/** How far long work has come. */
export function Progress({ done, of, label }: { done: number; of: number; label: string }) {
	const share = of > 0 ? Math.min(1, done / of) : 0;
	return (
		<div
			class="progress"
			role="progressbar"
			aria-label={label}
			aria-valuemin={0}
			aria-valuemax={of}
			aria-valuenow={done}
		>
			<i style={{ width: `${share * 100}%` }} />
		</div>
	);
}
