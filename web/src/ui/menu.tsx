import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { Link } from "wouter-preact";
import { said } from "./said.tsx";

/** One thing that a menu offers. */
export type Item =
	| {
			label: string;
			icon?: ComponentChildren;
			onClick?: () => void;
			to?: string;
			danger?: boolean;
			disabled?: boolean;
	  }
	| { title: string }
	| "line";

type MenuProps = { label: string; children: ComponentChildren; items: Item[]; class?: string };

/** A button that opens a menu. Arrow keys move in it, Escape closes it. */
export function Menu({ label, children, items, class: more }: MenuProps) {
	const id = useId();
	const pop = useRef<HTMLDivElement>(null);
	const button = useRef<HTMLButtonElement>(null);
	const place = () => {
		const b = button.current?.getBoundingClientRect();
		const p = pop.current;
		if (!b || !p) return;
		const { offsetWidth: w, offsetHeight: h } = p;
		p.style.left = `${Math.max(8, Math.min(b.left, innerWidth - w - 8))}px`;
		p.style.top = `${b.bottom + h + 8 > innerHeight && b.top > h ? b.top - h - 4 : b.bottom + 4}px`;
	};
	const choices = () => [...(pop.current?.querySelectorAll<HTMLElement>(".item:not([disabled])") ?? [])];
	const keys = (e: KeyboardEvent) => {
		const all = choices();
		const at = all.indexOf(document.activeElement as HTMLElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
		if (to === undefined) return;
		e.preventDefault();
		all[(to + all.length) % all.length]?.focus();
	};
	return (
		<>
			<button
				ref={button}
				type="button"
				class={more ?? "btn quiet icon"}
				aria-label={label}
				aria-haspopup="menu"
				popovertarget={id}
			>
				{children}
			</button>
			<div
				ref={pop}
				id={id}
				popover="auto"
				class="pop"
				role="menu"
				aria-label={label}
				onKeyDown={keys}
				onToggle={(e) => {
					if ((e as ToggleEvent).newState !== "open") return;
					place();
					choices()[0]?.focus();
				}}
			>
				{items.map((it, i) => {
					if (it === "line") return <hr key={i} />;
					if ("title" in it)
						return (
							<div key={i} class="title" role="presentation">
								{said(it.title)}
							</div>
						);
					const close = () => pop.current?.hidePopover();
					const inner = (
						<>
							{it.icon}
							{said(it.label)}
						</>
					);
					return it.to ? (
						<Link key={i} href={it.to} class="item" role="menuitem" onClick={close}>
							{inner}
						</Link>
					) : (
						<button
							key={i}
							type="button"
							role="menuitem"
							class={`item ${it.danger ? "danger" : ""}`}
							disabled={it.disabled}
							onClick={() => {
								close();
								it.onClick?.();
							}}
						>
							{inner}
						</button>
					);
				})}
			</div>
		</>
	);
}
