import { BookOpen, LogOut, Menu as MenuIcon, Monitor, Moon, Sun, UserRound } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { auth } from "../api/auth.ts";
import { cache } from "../api/client.ts";
import { nodeUrl } from "../lib/place.ts";
import { me, viewAs, viewing } from "../lib/session.ts";
import { type Theme, theme } from "../lib/theme.ts";
import { text } from "../text/en.ts";
import { Button } from "../ui/button.tsx";
import { Menu } from "../ui/menu.tsx";
import { said } from "../ui/said.tsx";
import { Find } from "./find.tsx";
import { menu } from "./nav.ts";

const themes: [Theme, string, typeof Sun][] = [
	["light", text.nav.light, Sun],
	["dark", text.nav.dark, Moon],
	["system", text.nav.system, Monitor],
];

/** The frame around every page: the menu, the search, who one is. */
export function Shell({ children }: { children: ComponentChildren }) {
	const [open, setOpen] = useState(false);
	const [path] = useLocation();
	const main = useRef<HTMLElement>(null);
	const first = useRef(true);
	useEffect(() => {
		setOpen(false);
		// A new page is read from its beginning, by eye and by ear.
		if (!first.current) {
			scrollTo(0, 0);
			main.current?.focus({ preventScroll: true });
		}
		first.current = false;
	}, [path]);
	// Over the page, as on a phone, the menu takes the focus, and Escape gives it back.
	const opener = useRef<HTMLButtonElement>(null);
	const side = useRef<HTMLElement>(null);
	useLayoutEffect(() => {
		if (!open) return;
		side.current?.querySelector<HTMLElement>("nav a")?.focus();
		const key = (e: KeyboardEvent) => {
			if (e.key !== "Escape") return;
			setOpen(false);
			opener.current?.focus();
		};
		addEventListener("keydown", key);
		return () => removeEventListener("keydown", key);
	}, [open]);
	const v = viewing.value;
	return (
		<div class={`shell ${v ? "viewing" : ""}`}>
			<a
				class="skip"
				href="#main"
				onClick={(e) => {
					e.preventDefault();
					main.current?.focus();
				}}
			>
				{text.common.skip}
			</a>
			<aside class={`side ${open ? "open" : ""}`} id="side" ref={side}>
				<Brand />
				<Navigation path={path} />
			</aside>
			<button
				type="button"
				class={`scrim ${open ? "open" : ""}`}
				aria-label={text.common.close}
				onClick={() => setOpen(false)}
			/>
			<header class="top">
				<button
					ref={opener}
					type="button"
					class="btn quiet icon menu-button"
					aria-label={text.nav.menu}
					aria-expanded={open}
					aria-controls="side"
					onClick={() => setOpen(!open)}
				>
					<MenuIcon aria-hidden />
				</button>
				<Find />
				<You />
			</header>
			{v && (
				<div class="view-as" role="status">
					<span class="grow">{said(text.viewAs.now(v.name))}</span>
					<Button
						small
						onClick={() => {
							viewAs(null);
							void cache.invalidateQueries();
						}}
					>
						{text.viewAs.leave}
					</Button>
				</div>
			)}
			<main class="main" id="main" ref={main} tabIndex={-1}>
				{children}
			</main>
		</div>
	);
}

/** The mark and the name. */
export function Brand() {
	return (
		<Link href="/" class="brand">
			<img src="./icon.svg" alt="" width="24" height="24" />
			Waybill
		</Link>
	);
}

function Navigation({ path }: { path: string }) {
	const here = (to: string) => (to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`));
	return (
		<nav aria-label={text.nav.label}>
			{menu().map((part) => (
				<div key={part.title}>
					<h2>{part.title}</h2>
					{part.entries.map((e) => (
						<Link key={e.label} href={e.to} aria-current={here(e.to) ? "page" : undefined}>
							<e.icon aria-hidden />
							{e.label}
						</Link>
					))}
				</div>
			))}
		</nav>
	);
}

function You() {
	const now = me.value;
	const name = now?.user?.name || now?.user?.email || text.nav.account;
	const leave = async () => {
		await auth.post("logout", {}).catch(() => undefined);
		viewAs(null);
		cache.clear();
		me.value = null;
	};
	return (
		<Menu
			class="btn quiet you"
			label={name}
			items={[
				{ title: [now?.user?.email, now?.party_name, now?.grade ?? now?.role].filter(Boolean).join(" · ") },
				{ label: text.nav.account, icon: <UserRound aria-hidden />, to: "/account" },
				{
					label: text.nav.api,
					icon: <BookOpen aria-hidden />,
					onClick: () => open(`${nodeUrl}/api/v1/openapi.json`, "_blank"),
				},
				"line",
				{ title: text.nav.theme },
				...themes.map(([value, label, Icon]) => ({
					label: theme.value === value ? `${label} ✓` : label,
					icon: <Icon aria-hidden />,
					onClick: () => {
						theme.value = value;
					},
				})),
				"line",
				{ label: text.nav.signOut, icon: <LogOut aria-hidden />, onClick: () => void leave() },
			]}
		>
			<UserRound aria-hidden />
			<span class="who" aria-hidden>
				{said(name)}
			</span>
		</Menu>
	);
}
