import { Search } from "lucide-preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { api, type Schema, useRead } from "../api/client.ts";
import { ago } from "../lib/format.ts";
import { endsAs, wanted } from "../lib/shortid.ts";
import { text } from "../text/en.ts";
import { Said, said } from "../ui/said.tsx";

type Found = Schema["SearchLine"];

/** What a search finds of what was typed: of any ID, or of a part of one. */
export function useSearch(typed: string, keep: boolean) {
	const q = wanted(typed);
	const found = useRead(
		["search", q],
		(signal) => api.GET("/api/v1/search", { params: { query: { q } }, signal }),
		{ enabled: q.length > 1, keep },
	);
	const all = ((q.length > 1 && found.data?.data) || []).filter((f) =>
		endsAs(typed, f.transaction_id ?? String(f.id)),
	);
	return { ...found, all };
}

/** The page on which what was found is shown. */
export function pathOf(f: Found): string {
	const id = encodeURIComponent(String(f.id));
	switch (f.kind) {
		case "offer":
			return `/offers/${id}`;
		case "affiliate":
		case "advertiser":
			return `/${f.kind}s/${id}`;
		case "link":
			return `/links?code=${id}`;
		default:
			return f.transaction_id ? `/trace/${encodeURIComponent(f.transaction_id)}` : `/${f.kind}s/${id}`;
	}
}

/** The field at the top: any ID leads to what it is of. `/` goes there. */
export function Find() {
	const [typed, setTyped] = useState("");
	const [open, setOpen] = useState(false);
	const [at, setAt] = useState(0);
	const [, go] = useLocation();
	const input = useRef<HTMLInputElement>(null);
	const q = useSlow(typed.trim(), 150);
	const found = useSearch(q, false);
	const { all } = found;
	// As soon as the field is seen: what is typed before would be lost.
	useLayoutEffect(() => {
		const key = (e: KeyboardEvent) => {
			const el = e.target as HTMLElement;
			if (e.key !== "/" || e.ctrlKey || e.metaKey || el.closest("input,textarea,select,[contenteditable]"))
				return;
			e.preventDefault();
			input.current?.focus();
		};
		addEventListener("keydown", key);
		return () => removeEventListener("keydown", key);
	}, []);
	const take = (f?: Found) => {
		setOpen(false);
		input.current?.blur();
		if (f) {
			setTyped("");
			go(pathOf(f));
		} else if (typed.trim()) go(`/trace?q=${encodeURIComponent(typed.trim())}`);
	};
	const keys = (e: KeyboardEvent) => {
		if (e.key === "ArrowDown") setAt(Math.min(at + 1, all.length - 1));
		else if (e.key === "ArrowUp") setAt(Math.max(at - 1, 0));
		else if (e.key === "Enter") take(q === typed.trim() ? all[at] : undefined);
		else if (e.key === "Escape") setOpen(false);
		else return;
		e.preventDefault();
	};
	const show = open && q.length > 1;
	return (
		<search class="find combo">
			<div class="with-icon">
				<Search aria-hidden />
				<input
					ref={input}
					class="input"
					type="search"
					role="combobox"
					list={undefined}
					aria-expanded={show}
					aria-controls="found"
					aria-activedescendant={show && all[at] ? `found-${at}` : undefined}
					aria-label={text.nav.find}
					placeholder={text.nav.find}
					autocomplete="off"
					spellcheck={false}
					value={typed}
					onInput={(e) => {
						setTyped(e.currentTarget.value);
						setAt(0);
						setOpen(true);
					}}
					onFocus={() => setOpen(true)}
					onBlur={() => setOpen(false)}
					onKeyDown={keys}
				/>
				{!typed && <kbd aria-hidden="true">/</kbd>}
			</div>
			{show && (
				<div class="pop" id="found" role="listbox" aria-label={text.common.search}>
					{all.map((f, i) => (
						<div
							key={`${f.kind}${f.id}`}
							id={`found-${i}`}
							class="item"
							role="option"
							aria-selected={i === at}
							onMouseDown={(e) => e.preventDefault()}
							onClick={() => take(f)}
						>
							<span class="badge">{f.kind}</span>
							<span class="grow break">
								<Said of={f.title} /> {f.detail && <span class="mute small">{said(f.detail)}</span>}
							</span>
							{f.at && <span class="mute small nowrap">{ago(f.at)}</span>}
						</div>
					))}
					{all.length === 0 && (
						<div class="title" role="option" aria-selected="false" aria-disabled="true">
							{found.loading
								? text.common.loading
								: found.problem
									? said(found.problem.message)
									: text.nav.findNothing}
						</div>
					)}
				</div>
			)}
		</search>
	);
}

/** A value that follows another once it rests. */
export function useSlow<T>(value: T, ms: number): T {
	const [slow, setSlow] = useState(value);
	useEffect(() => {
		const t = setTimeout(() => setSlow(value), ms);
		return () => clearTimeout(t);
	}, [value, ms]);
	return slow;
}
