import { useEffect } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { consolePath } from "../lib/place.ts";
import { text } from "../text/en.ts";
import { ask } from "./dialog.tsx";

/**
 * Keeps what was entered from being left by accident: a link, the way back, or
 * closing the page asks first while something is not saved.
 */
export function useUnsaved(dirty: boolean): void {
	const [, go] = useLocation();
	useEffect(() => {
		if (!dirty) return;
		const here = location.href;
		const sure = () =>
			ask({
				title: text.common.unsaved,
				body: text.common.unsavedHint,
				yes: text.common.leave,
				danger: true,
			});
		const closing = (e: BeforeUnloadEvent) => e.preventDefault();
		const clicked = async (e: MouseEvent) => {
			const link = (e.target as HTMLElement).closest?.("a");
			if (!link || link.target || e.metaKey || e.ctrlKey || e.shiftKey || e.button !== 0) return;
			const to = new URL(link.href, location.href);
			if (to.origin !== location.origin || to.pathname === location.pathname) return;
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
		const went = async (e: PopStateEvent) => {
			if (new URL(here).pathname === location.pathname) return;
			e.stopImmediatePropagation();
			history.pushState(null, "", here);
			if (!(await sure())) return;
			stop();
			history.go(-1);
		};
		const stop = () => {
			removeEventListener("beforeunload", closing);
			document.removeEventListener("click", clicked, true);
			removeEventListener("popstate", went, true);
		};
		addEventListener("beforeunload", closing);
		document.addEventListener("click", clicked, true);
		addEventListener("popstate", went, true);
		return stop;
	}, [dirty, go]);
}
