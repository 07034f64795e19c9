// Lists in which one looks for something: small ones are there at once and are
// looked through here, large ones by the API.
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../lib/problem.ts";
import { together } from "../lib/together.ts";
import { api, type Schema, useRead } from "./client.ts";
import { type Pages, usePages } from "./pages.ts";

/** What can be looked for by a name or a number. */
export type Kind = "offer" | "affiliate" | "advertiser";

type Rows = { offer: Schema["Offer"]; affiliate: Schema["Affiliate"]; advertiser: Schema["Advertiser"] };
type Listed<R> = { data: R[] | null; next_cursor?: string };
type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** How a list is asked for page by page, the newest first. */
export type Asked = { q?: string; order: "desc"; limit: number; cursor?: string };

/** As many are read at once; what has no more is looked through here. */
export const few = 300;

/** How many of a large list are asked for at a time. */
const page = 100;

/** Asks for a page of a kind: what its list takes, q and filters among it. */
export function listOf<K extends Kind>(
	kind: K,
	query: Record<string, string | number | undefined>,
	signal?: AbortSignal,
): Answer<Listed<Rows[K]>> {
	const init = { params: { query: query as object }, ...(signal ? { signal } : {}) };
	const asked =
		kind === "offer"
			? api.GET("/api/v1/offers", init)
			: kind === "affiliate"
				? api.GET("/api/v1/affiliates", init)
				: api.GET("/api/v1/advertisers", init);
	return asked as unknown as Answer<Listed<Rows[K]>>;
}

/** The first of a kind, whose names are known at once; all of them in a small network. */
export function useFirst<K extends Kind>(kind: K, enabled = true) {
	const got = useRead(
		[`${kind}s`, "first"],
		(signal) => listOf(kind, { limit: few, order: "desc" }, signal),
		{ enabled },
	);
	return { ...got, whole: got.data !== undefined && !got.data.next_cursor };
}

// How many the API takes by their numbers at once.
const mostNamed = 200;

const namesOf = (kind: Kind) =>
	together(mostNamed, (ids: number[]) => listOf(kind, { ids: ids.join(","), limit: mostNamed }));
const names = { offer: namesOf("offer"), affiliate: namesOf("affiliate"), advertiser: namesOf("advertiser") };

/** Asks what one of a kind is called. Many are one request. */
export async function nameOf(kind: Kind, id: number): Answer<{ name?: string }> {
	const got = await names[kind](id);
	return { ...got, data: got.data && { name: got.data.data?.find((r) => r.id === id)?.name } };
}

/** A value that follows when nobody has changed it for a moment. */
export function useLater<T>(value: T, after = 200): T {
	const [later, setLater] = useState(value);
	useEffect(() => {
		const timer = setTimeout(() => setLater(value), after);
		return () => clearTimeout(timer);
	}, [value, after]);
	return later;
}

/** What a view has of a list that it looks in. */
export type Found<R> = {
	rows: R[];
	/** Whether there is nothing of the kind at all. */
	none: boolean;
	problem: Problem | undefined;
	loading: boolean;
	again: () => void;
	/** Where a large list goes on. */
	next: string | undefined;
	more: () => void;
	busy: boolean;
};

/**
 * Looks in a list for what has q in its name or number. The filters are the
 * list's own; fits says what of the rows is meant beyond them. The newest come first.
 */
export function useFound<K extends Kind>(
	kind: K,
	q: string,
	filters: Record<string, string | undefined>,
	fits: (row: Rows[K]) => boolean,
): Found<Rows[K]> {
	const first = useFirst(kind);
	const large = first.data !== undefined && !first.whole;
	const asked = { ...filters, q: useLater(q.trim()) || undefined, order: "desc", limit: page };
	const pages = usePages<Rows[K]>(
		[`${kind}s`, "found", asked],
		(cursor, signal) => listOf(kind, { ...asked, cursor }, signal),
		{ enabled: large },
	);
	const rows = (large ? pages.rows : (first.data?.data ?? [])).filter(fits);
	// A page on which nothing is meant leads on to where something may be, once it is
	// the page of what is looked for.
	const current = (asked.q ?? "") === q.trim();
	const onward = large && current && rows.length === 0 && pages.next !== undefined && !pages.busy;
	useEffect(() => {
		if (onward) pages.more();
	}, [onward, pages.next]);
	return {
		rows,
		none: first.whole && first.data?.data?.length === 0,
		problem: first.problem ?? (large && pages.rows.length === 0 ? pages.problem : undefined),
		loading: first.loading || (large && (pages.loading || onward || (!current && rows.length === 0))),
		again: large ? pages.again : first.again,
		next: large ? pages.next : undefined,
		more: pages.more,
		busy: pages.busy,
	};
}

/**
 * Looks in a list of whatever size by the API, page by page, the newest first. The
 * key names the list and its filters; fits says what of the rows is meant beyond
 * them.
 */
export function useListed<R>(
	key: readonly unknown[],
	q: string,
	ask: (asked: Asked, signal: AbortSignal) => Answer<Listed<R>>,
	options: { fits?: (row: R) => boolean; every?: number } = {},
): Pages<R> {
	const looked = useLater(q.trim());
	const asked: Asked = { ...(looked ? { q: looked } : {}), order: "desc", limit: page };
	const pages = usePages<R>(
		[...key, "listed", looked],
		(cursor, signal) => ask({ ...asked, ...(cursor ? { cursor } : {}) }, signal),
		options.every ? { every: options.every } : {},
	);
	const rows = options.fits ? pages.rows.filter(options.fits) : pages.rows;
	// A page on which nothing is meant leads on to where something may be.
	const current = looked === q.trim() && !pages.renewing;
	const onward = current && rows.length === 0 && pages.next !== undefined && !pages.busy && !pages.problem;
	useEffect(() => {
		if (onward) pages.more();
	}, [onward, pages.next]);
	return { ...pages, rows, loading: pages.loading || onward || (pages.busy && rows.length === 0) };
}
