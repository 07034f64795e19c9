import { useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { said } from "../../ui/said.tsx";
import { type Completion, complete, mend, piecesOf, type Slip, slipsOf, type Use } from "./macros.ts";

const t = text.postbacks;

type Props = {
	label: string;
	name: string;
	value: string;
	onValue: (value: string) => void;
	use: Use;
	/** Whether the owner may be told who the visitor is. */
	shared: boolean;
	/** What the API refuses in it. */
	wrong: string[];
	/** What the API would take, but warns of. */
	warnings: string[];
	hint?: string;
	placeholder?: string;
	/** Line breaks belong to it. */
	lines?: boolean;
	rows?: number;
	hideLabel?: boolean;
};

/**
 * A template being written: macros are offered behind an open brace, and what the
 * API finds wrong is marked where it stands, with what was probably meant.
 */
export function MacroField(props: Props) {
	const { label, name, value, onValue, use, shared, wrong, warnings, hint, placeholder, lines, hideLabel } =
		props;
	const id = useId();
	const area = useRef<HTMLTextAreaElement>(null);
	const under = useRef<HTMLDivElement>(null);
	const caret = useRef<number | null>(null);
	const [offer, setOffer] = useState<Completion | null>(null);
	const [at, setAt] = useState(0);
	const slips = useMemo(() => slipsOf(wrong, value), [wrong, value]);
	const advice = useMemo(() => slipsOf(warnings, value), [warnings, value]);
	const pieces = useMemo(() => piecesOf(value, slips), [value, slips]);

	// The caret goes where what was put in ends, once the text is there.
	useLayoutEffect(() => {
		const el = area.current;
		if (!el || caret.current === null) return;
		el.focus();
		el.setSelectionRange(caret.current, caret.current);
		caret.current = null;
	}, [value]);
	useLayoutEffect(() => {
		document.getElementById(`${id}o${at}`)?.scrollIntoView({ block: "nearest" });
	}, [at, offer]);

	const look = (el: HTMLTextAreaElement) => {
		const empty = el.selectionStart === el.selectionEnd;
		setOffer(empty ? complete(el.value, el.selectionStart, use, shared) : null);
		setAt(0);
	};
	const take = (i: number) => {
		const o = offer?.offered[i];
		if (!offer || !o) return;
		caret.current = offer.from + o.insert.length;
		// A filter that takes a word is completed by writing it before the brace.
		if (o.insert.endsWith(":}")) caret.current -= 1;
		setOffer(null);
		onValue(value.slice(0, offer.from) + o.insert + value.slice(offer.to));
	};
	const keys = (e: KeyboardEvent) => {
		if (offer) {
			const n = offer.offered.length;
			const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[e.key];
			if (to !== undefined) setAt((to + n) % n);
			else if (e.key === "Enter" || e.key === "Tab") take(at);
			else if (e.key === "Escape") setOffer(null);
			else return;
			e.preventDefault();
			e.stopPropagation();
		} else if (e.key === "Enter" && !lines) {
			e.preventDefault();
			area.current?.form?.requestSubmit();
		}
	};
	const described = [hint && `${id}h`, slips.length && `${id}e`].filter(Boolean).join(" ") || undefined;
	return (
		<div class="field macro-field">
			<label for={id} class={hideLabel ? "visually-hidden" : undefined}>
				{label}
			</label>
			<div class="macro-box">
				<div class="textarea code macro-under" aria-hidden="true" ref={under}>
					{pieces.map((p, i) =>
						p.kind === "plain" ? (
							p.text
						) : (
							<mark key={i} class={p.kind}>
								{p.text}
							</mark>
						),
					)}
					{"​"}
				</div>
				<textarea
					ref={area}
					id={id}
					name={name}
					class="textarea code"
					rows={props.rows ?? 2}
					value={value}
					placeholder={placeholder}
					spellcheck={false}
					autocomplete="off"
					autocapitalize="off"
					aria-autocomplete="list"
					aria-haspopup="listbox"
					aria-controls={offer ? `${id}l` : undefined}
					aria-activedescendant={offer ? `${id}o${at}` : undefined}
					aria-invalid={slips.length ? "true" : undefined}
					aria-describedby={described}
					onInput={(e) => {
						const el = e.currentTarget;
						if (!lines && /[\r\n]/.test(el.value)) {
							const clean = el.value.replace(/[\r\n]+/g, "");
							el.value = clean;
						}
						onValue(el.value);
						look(el);
					}}
					onKeyDown={keys}
					onClick={(e) => look(e.currentTarget)}
					onBlur={() => setOffer(null)}
					onScroll={(e) => under.current?.scrollTo(0, e.currentTarget.scrollTop)}
				/>
				{offer && (
					<div
						class="pop"
						id={`${id}l`}
						role="listbox"
						tabIndex={0}
						aria-label={t.field.offered}
						onMouseDown={(e) => e.preventDefault()}
					>
						{offer.offered.map((o, i) => (
							<div
								key={o.insert}
								id={`${id}o${i}`}
								role="option"
								aria-selected={i === at}
								class="item"
								onClick={() => take(i)}
							>
								<code>{o.label}</code>
								<span class="grow mute small end">{o.meaning}</span>
							</div>
						))}
					</div>
				)}
			</div>
			<div id={`${id}e`} aria-live="polite">
				{slips.map((s) => (
					<SlipLine key={s.message} slip={s} onFix={(fix) => onValue(mend(value, s.wrong, fix))} />
				))}
			</div>
			{advice.map((s) => (
				<p key={s.message} class="small warn">
					{said(s.message)}
				</p>
			))}
			{hint && (
				<span class="hint" id={`${id}h`}>
					{hint}
				</span>
			)}
		</div>
	);
}

function SlipLine({ slip, onFix }: { slip: Slip; onFix: (fix: string) => void }) {
	return (
		<div class="row slip">
			<span class="error grow break">{said(slip.message)}</span>
			{slip.fixes.map((fix) => (
				<Button key={fix} small onClick={() => onFix(fix)}>
					{fix ? t.field.use(fix) : t.field.takeOut}
				</Button>
			))}
		</div>
	);
}
