import { useEffect } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { consolePath } from "../lib/place.ts";
import { text } from "../text/en.ts";
import { ask } from "./dialog.tsx";

// Whoever is told of the way back first decides: the router listens from its
// first page on, so this listens from the moment it is loaded, before any page.
let went: ((e: PopStateEvent) => void) | undefined;
addEventListener("popstate", (e) => went?.(e));

const pageOf = (of: { pathname: string; search: string }) => of.pathname + of.search;

const sure = () =>
	ask({
		title: text.common.unsaved,
		body: text.common.unsavedHint,
		yes: text.common.leave,
		danger: true,
	});

/**
 * Keeps what was entered from being left by accident: a link, the way back, or
 * closing the page asks first while something is not saved.
 */
export function useUnsaved(dirty: boolean): void {
	const [, go] = useLocation();
	useEffect(() => {
		if (!dirty) return;
		const here = location.href;
		const closing = (e: BeforeUnloadEvent) => e.preventDefault();
		const clicked = async (e: MouseEvent) => {
			const link = (e.target as HTMLElement).closest?.("a");
			if (!link || link.target || link.download || e.metaKey || e.ctrlKey || e.shiftKey || e.button !== 0)
				return;
			const to = new URL(link.href, location.href);
			if (to.origin !== location.origin || pageOf(to) === pageOf(location)) return;
			e.preventDefault();
			e.stopPropagation();
			if (!(await sure())) return;
			stop();
			if (to.pathname.startsWith(`${consolePath}/`))
				go(to.pathname.slice(consolePath.length) + to.search + to.hash);
			else location.assign(to.href);
		};
		// The browser has gone already: this goes on to where it was, and back again
		// if that is what is wanted.
		const back = async (e: PopStateEvent) => {
			if (pageOf(new URL(here)) === pageOf(location)) return;
			e.stopImmediatePropagation();
			history.pushState(null, "", here);
			if (!(await sure())) return;
			stop();
			history.back();
		};
		const stop = () => {
			removeEventListener("beforeunload", closing);
			document.removeEventListener("click", clicked, true);
			if (went === heard) went = undefined;
		};
		const heard = (e: PopStateEvent) => void back(e);
		went = heard;
		addEventListener("beforeunload", closing);
		document.addEventListener("click", clicked, true);
		return stop;
	}, [dirty, go]);
}
