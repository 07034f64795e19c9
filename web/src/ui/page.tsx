import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Link } from "wouter-preact";
import { plainly } from "../lib/hidden.ts";
import { text } from "../text/en.ts";
import { said } from "./said.tsx";

type PageProps = {
	title: string;
	lead?: ComponentChildren;
	actions?: ComponentChildren;
	/** The way up: labels and paths. */
	crumbs?: { label: string; to: string }[];
	children: ComponentChildren;
};

/** A page: its title, what it is for, what may be done, and the rest. */
export function Page({ title, lead, actions, crumbs, children }: PageProps) {
	useEffect(() => {
		document.title = `${plainly(title)} · Waybill`;
	}, [title]);
	return (
		<>
			<header class="page-head">
				<div class="grow">
					{crumbs && (
						<nav class="crumbs" aria-label={text.common.crumbs}>
							{crumbs.map((c) => (
								<span key={c.to}>
									<Link href={c.to}>{c.label}</Link> /
								</span>
							))}
						</nav>
					)}
					<h1>{said(title)}</h1>
					{lead && <p class="lead">{said(lead)}</p>}
				</div>
				{actions && <div class="row">{actions}</div>}
			</header>
			{children}
		</>
	);
}

type CardProps = {
	title?: ComponentChildren;
	actions?: ComponentChildren;
	children: ComponentChildren;
	footer?: ComponentChildren;
	/** Without room around its content, for tables. */
	flush?: boolean;
	class?: string;
};

/** A part of a page. */
export function Card({ title, actions, children, footer, flush, class: more }: CardProps) {
	return (
		<section class={`card ${more ?? ""}`}>
			{(title || actions) && (
				<header>
					{title ? <h2>{said(title)}</h2> : <span />}
					{actions && <div class="row">{actions}</div>}
				</header>
			)}
			{flush ? children : <div class="body">{children}</div>}
			{footer && <footer>{footer}</footer>}
		</section>
	);
}

/** Tabs that are pages of their own. */
export function TabLinks({
	at,
	tabs,
	label,
}: {
	at: string;
	tabs: { to: string; label: ComponentChildren }[];
	label: string;
}) {
	const box = useRef<HTMLElement>(null);
	// On a phone there are more than it shows: the one that is open is in sight.
	useLayoutEffect(() => {
		const row = box.current;
		const open = row?.querySelector<HTMLElement>("[aria-current]");
		if (!row || !open || row.scrollWidth <= row.clientWidth) return;
		const off = open.getBoundingClientRect().left - row.getBoundingClientRect().left;
		row.scrollLeft += off - (row.clientWidth - open.clientWidth) / 2;
	}, [at]);
	return (
		<nav class="tabs" aria-label={label} ref={box}>
			{tabs.map((t) => (
				<Link key={t.to} href={t.to} aria-current={t.to === at ? "page" : undefined}>
					{t.label}
				</Link>
			))}
		</nav>
	);
}

/** Names and their values. */
export function Facts({ of }: { of: [ComponentChildren, ComponentChildren][] }) {
	return (
		<dl class="kv">
			{of.map(([name, value], i) => (
				<>
					<dt key={`n${i}`}>{said(name)}</dt>
					<dd key={`v${i}`}>{said(value)}</dd>
				</>
			))}
		</dl>
	);
}
