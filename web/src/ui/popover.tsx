import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

type PopoverProps = {
	/** What the panel is for. */
	label: string;
	/** What stands in the button. */
	children: ComponentChildren;
	/** The panel, made when it opens. It closes itself by `close`. */
	panel: (close: () => void) => ComponentChildren;
	class?: string;
	/** What the button is called, where its content does not tell. */
	name?: string;
	disabled?: boolean;
};

/** A button with a panel below it. Escape or a press elsewhere closes the panel. */
export function Popover({ label, children, panel, class: more, name, disabled }: PopoverProps) {
	const [open, setOpen] = useState(false);
	const button = useRef<HTMLButtonElement>(null);
	const wasOpen = useRef(false);
	return (
		<>
			<button
				ref={button}
				type="button"
				onMouseDown={() => {
					// The press itself closes the panel, as every press elsewhere does.
					wasOpen.current = open;
				}}
				class={more ?? "btn"}
				aria-label={name}
				aria-haspopup="dialog"
				aria-expanded={open}
				disabled={disabled}
				onClick={(e) => setOpen(e.detail === 0 ? !open : !wasOpen.current)}
			>
				{children}
			</button>
			{open && (
				<Panel label={label} anchor={() => button.current} onClose={() => setOpen(false)}>
					{panel(() => setOpen(false))}
				</Panel>
			)}
		</>
	);
}

type PanelProps = {
	label: string;
	/** What the panel stands beside: an element, or a place on the page. */
	anchor: () => Element | { x: number; y: number } | null;
	onClose: () => void;
	children: ComponentChildren;
};

/** A panel over the page, beside what it is about. */
export function Panel({ label, anchor, onClose, children }: PanelProps) {
	const id = useId();
	const box = useRef<HTMLDivElement>(null);
	useLayoutEffect(() => {
		const el = box.current;
		if (!el) return;
		const before = document.activeElement as HTMLElement | null;
		el.showPopover();
		const place = () => {
			const a = anchor();
			const r = a instanceof Element ? a.getBoundingClientRect() : new DOMRect(a?.x ?? 8, a?.y ?? 8, 0, 0);
			const { offsetWidth: w, offsetHeight: h } = el;
			const above = r.top - h - 4;
			const below = r.bottom + 4;
			const top = below + h + 8 <= innerHeight ? below : above >= 8 ? above : innerHeight - h - 8;
			el.style.left = `${Math.max(8, Math.min(r.left, innerWidth - w - 8))}px`;
			el.style.top = `${Math.max(8, top)}px`;
		};
		place();
		const size = new ResizeObserver(place);
		size.observe(el);
		const first = el.querySelector<HTMLElement>("[data-first], input, select, a[href], button");
		first?.focus();
		return () => {
			size.disconnect();
			// Whoever pressed elsewhere has gone there; others go back to where they were.
			if (el.contains(document.activeElement) || document.activeElement === document.body) before?.focus();
		};
	}, []);
	return (
		<div
			ref={box}
			id={id}
			popover="auto"
			class="pop panel"
			role="dialog"
			aria-label={label}
			onToggle={(e) => {
				if ((e as ToggleEvent).newState === "closed") onClose();
			}}
		>
			{children}
		</div>
	);
}
