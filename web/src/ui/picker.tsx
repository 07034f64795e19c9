import { ChevronDown, X } from "lucide-preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useRead } from "../api/client.ts";
import { type Kind, listOf, nameOf, useFirst, useLater } from "../api/found.ts";
import { text } from "../text/en.ts";
import { Said, said } from "./said.tsx";

/** One thing that can be picked. */
export type Option = { value: string; label: string; detail?: string };

type ComboProps = {
	label: string;
	value: string;
	onValue: (value: string, option?: Option) => void;
	options: Option[];
	/** Told of what is typed, where the options come from a search. */
	onType?: (typed: string) => void;
	/** How the present value is called, when it is not among the options. */
	shown?: string;
	placeholder?: string;
	loading?: boolean;
	id?: string;
	invalid?: boolean;
	describedBy?: string;
	disabled?: boolean;
	/** Whether what is typed may be taken as it is. */
	free?: boolean;
};

const fits = (o: Option, typed: string) =>
	`${o.label} ${o.value} ${o.detail ?? ""}`.toLowerCase().includes(typed.toLowerCase());

/** A field that offers what fits to what is typed (combobox of ARIA 1.2). */
export function Combo(props: ComboProps) {
	const {
		label,
		value,
		onValue,
		options,
		onType,
		shown,
		placeholder,
		loading,
		invalid,
		describedBy,
		disabled,
		free,
	} = props;
	const own = useId();
	const id = props.id ?? own;
	const [typed, setTyped] = useState<string | null>(null);
	const [at, setAt] = useState(0);
	const input = useRef<HTMLInputElement>(null);
	const list = useRef<HTMLDivElement>(null);
	const open = typed !== null;
	const found = open
		? (onType || typed === "" ? options : options.filter((o) => fits(o, typed))).slice(0, 100)
		: [];
	const now = options.find((o) => o.value === value)?.label ?? shown ?? value;
	useEffect(() => {
		list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
	}, [at]);
	const take = (o?: Option) => {
		if (o) onValue(o.value, o);
		else if (free && typed !== null) onValue(typed);
		setTyped(null);
	};
	const keys = (e: KeyboardEvent) => {
		if (e.key === "ArrowDown" || e.key === "ArrowUp") {
			e.preventDefault();
			if (!open) setTyped("");
			else setAt((at + (e.key === "ArrowDown" ? 1 : -1) + found.length) % Math.max(1, found.length));
		} else if (e.key === "Enter" && open) {
			e.preventDefault();
			take(found[at]);
		} else if (e.key === "Escape" && open) {
			e.preventDefault();
			e.stopPropagation();
			setTyped(null);
		}
	};
	return (
		<div class="combo">
			<div class="combo-field">
				<input
					ref={input}
					id={id}
					class="input"
					role="combobox"
					aria-label={props.id ? undefined : label}
					aria-expanded={open}
					aria-controls={`${own}l`}
					aria-autocomplete="list"
					aria-activedescendant={open && found[at] ? `${own}o${at}` : undefined}
					aria-invalid={invalid ? "true" : undefined}
					aria-describedby={describedBy}
					autocomplete="off"
					spellcheck={false}
					disabled={disabled}
					placeholder={placeholder ?? text.pick.placeholder}
					value={typed ?? now}
					onFocus={(e) => e.currentTarget.select()}
					onClick={() => !open && setTyped("")}
					onInput={(e) => {
						setTyped(e.currentTarget.value);
						setAt(0);
						onType?.(e.currentTarget.value);
					}}
					onKeyDown={keys}
					onBlur={() => {
						if (free && typed) onValue(typed);
						setTyped(null);
					}}
				/>
				{value && !disabled ? (
					<button
						type="button"
						class="btn quiet icon small"
						aria-label={`${text.pick.clear}: ${label}`}
						onClick={() => onValue("")}
					>
						<X aria-hidden />
					</button>
				) : (
					<button
						type="button"
						tabIndex={-1}
						class="btn quiet icon small"
						aria-hidden="true"
						disabled={disabled}
						onClick={() => input.current?.focus()}
					>
						<ChevronDown aria-hidden />
					</button>
				)}
			</div>
			{open && (
				<div class="pop" id={`${own}l`} role="listbox" aria-label={label} ref={list}>
					{found.map((o, i) => (
						<div
							key={o.value}
							id={`${own}o${i}`}
							role="option"
							aria-selected={i === at}
							class="item"
							onMouseDown={(e) => e.preventDefault()}
							onClick={() => take(o)}
						>
							<span class="grow break">
								<Said of={o.label} />
							</span>
							{o.detail && <span class="mute small">{said(o.detail)}</span>}
						</div>
					))}
					{found.length === 0 && (
						<div class="title" role="option" aria-selected="false" aria-disabled="true">
							{loading ? text.common.loading : text.pick.nothing}
						</div>
					)}
				</div>
			)}
		</div>
	);
}

type PickProps = {
	kind: Kind;
	value: string;
	onValue: (value: string) => void;
	label?: string;
	id?: string;
	invalid?: boolean;
	describedBy?: string;
	disabled?: boolean;
	placeholder?: string;
};

/** Picks an offer, an affiliate or an advertiser by name or number. */
export function Pick({ kind, value, onValue, label, ...rest }: PickProps) {
	const [typed, setTyped] = useState("");
	const first = useFirst(kind);
	const asked = useLater(typed.trim());
	const found = useRead(
		[`${kind}s`, "picked", asked],
		(signal) => listOf(kind, { q: asked, limit: 50 }, signal),
		{ enabled: asked !== "" && first.data !== undefined && !first.whole },
	);
	const one = useRead([`${kind}s`, "name", value], () => nameOf(kind, Number(value)), {
		enabled: Boolean(value) && /^\d+$/.test(value),
		keep: false,
	});
	const near = optionsOf(first.data?.data).filter((o) => !typed || fits(o, typed));
	const more = optionsOf(found.data?.data).filter(
		(o) => fits(o, typed) && !near.some((n) => n.value === o.value),
	);
	return (
		<Combo
			label={label ?? text.pick[kind]}
			value={value}
			onValue={(v) => {
				setTyped("");
				onValue(v);
			}}
			onType={setTyped}
			options={[...near, ...more]}
			shown={one.data?.name ?? (value ? `#${value}` : "")}
			loading={first.loading || found.loading || found.renewing}
			{...rest}
		/>
	);
}

const optionsOf = (rows: { id?: number; name?: string }[] | null | undefined): Option[] =>
	(rows ?? []).map((r) => ({ value: String(r.id), label: `${r.name}`, detail: `#${r.id}` }));

/** What offers, affiliates or advertisers are called, as far as they are known by now. */
export function useNames(kind: Kind, enabled = true): (id: number | undefined) => string {
	const known = useFirst(kind, enabled);
	const names = new Map((known.data?.data ?? []).map((r) => [r.id, r.name]));
	return (id) => (id === undefined ? "" : (names.get(id) ?? `#${id}`));
}
