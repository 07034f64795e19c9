// The state of every view stands in its address, so that it can be kept, shared
// and gone back to.
import { useCallback, useMemo } from "preact/hooks";
import { useSearchParams } from "wouter-preact";

/**
 * State in the query of the address. What equals its default is left out. A change
 * makes a new entry in the history unless `replace` is set.
 */
export function useUrlState<T extends Record<string, string>>(
	defaults: T,
): [T, (change: Partial<T>, options?: { replace?: boolean }) => void] {
	const [query, setQuery] = useSearchParams();
	const key = query.toString();
	const state = useMemo(() => {
		const all: Record<string, string> = {};
		for (const [name, value] of Object.entries(defaults)) all[name] = query.get(name) ?? value;
		return all as T;
	}, [key]);
	const change = useCallback(
		(patch: Partial<T>, options: { replace?: boolean } = {}) => {
			setQuery(
				(now) => {
					const next = new URLSearchParams(now);
					for (const [name, value] of Object.entries(patch)) {
						if (value === undefined || value === defaults[name]) next.delete(name);
						else next.set(name, value);
					}
					return next;
				},
				{ replace: options.replace ?? false },
			);
		},
		[setQuery],
	);
	return [state, change];
}

/** A query string of what is set. */
export function queryOf(values: Record<string, string | number | boolean | undefined | null>): string {
	const q = new URLSearchParams();
	for (const [name, value] of Object.entries(values)) {
		if (value !== undefined && value !== null && value !== "") q.set(name, String(value));
	}
	const all = q.toString();
	return all ? `?${all}` : "";
}
