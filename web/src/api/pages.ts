// Lists that come page by page.
import { useInfiniteQuery } from "@tanstack/preact-query";
import { type Problem, problemOf } from "../lib/problem.ts";
import { viewing } from "../lib/session.ts";
import { read } from "./client.ts";

type Listed<R> = { data: R[] | null; next_cursor?: string; as_of?: string };
type Answer<R> = Promise<{ data?: Listed<R>; error?: unknown; response: Response }>;

/** Pages is what a view has of a list. */
export type Pages<R> = {
	rows: R[];
	problem: Problem | undefined;
	/** Nothing is there yet. */
	loading: boolean;
	/** Something is there, and newer or other is on its way. */
	renewing: boolean;
	/** Cursor of the page that follows; undefined at the end. */
	next: string | undefined;
	more: () => void;
	/** The page that follows is on its way. */
	busy: boolean;
	again: () => void;
	/** Of a list out of the warehouse: up to when all are in. */
	asOf: string | undefined;
};

/** Reads a list page by page. As with useRead, the key names what is read. */
export function usePages<R>(
	key: readonly unknown[],
	ask: (cursor: string | undefined, signal: AbortSignal) => Answer<R>,
	options: { enabled?: boolean; every?: number } = {},
): Pages<R> {
	const q = useInfiniteQuery({
		queryKey: [...key, "pages", viewing.value?.role, viewing.value?.id],
		queryFn: ({ pageParam, signal }) => read(ask(pageParam || undefined, signal)),
		initialPageParam: "",
		getNextPageParam: (last: Listed<R>) => last.next_cursor || undefined,
		enabled: options.enabled ?? true,
		refetchInterval: options.every ?? false,
	});
	const pages = q.data?.pages ?? [];
	return {
		rows: pages.flatMap((p) => p.data ?? []),
		problem: q.error ? problemOf(q.error) : undefined,
		loading: q.isPending && (options.enabled ?? true),
		renewing: q.isFetching && !q.isPending && !q.isFetchingNextPage,
		next: pages.at(-1)?.next_cursor || undefined,
		more: () => void q.fetchNextPage(),
		busy: q.isFetchingNextPage,
		again: () => void q.refetch(),
		asOf: pages[0]?.as_of,
	};
}
