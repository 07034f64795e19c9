// The one door to the API. Everything that is asked goes by the types of the
// API's own description.
import { keepPreviousData, QueryClient, useQuery, useQueryClient } from "@tanstack/preact-query";
import createClient from "openapi-fetch";
import { useCallback, useState } from "preact/hooks";
import { confirmed } from "../lib/confirm.ts";
import { nodeUrl } from "../lib/place.ts";
import { Problem, problemOf } from "../lib/problem.ts";
import { me, viewing } from "../lib/session.ts";
import { toast } from "../ui/toast.tsx";
import type { components, paths } from "./schema.ts";

/** Schemas of the API: `Schema["Offer"]`. */
export type Schema = components["schemas"];

/** The API's operations, typed: `api.GET("/api/v1/offers", …)`. */
export const api = createClient<paths>({ baseUrl: nodeUrl, credentials: "same-origin" });

api.use({
	onRequest({ request }) {
		const v = viewing.value;
		// Who one is oneself stays so, whoever's eyes one looks through.
		if (v && !request.url.endsWith("/api/v1/me")) request.headers.set("Waybill-View-As", `${v.role}:${v.id}`);
		return request;
	},
	onResponse({ request, response }) {
		// A session that has ended shows the log-in, wherever one is. One that got
		// another token while a request was on its way has not.
		if (response.status === 401 && me.value) {
			if (request.url.endsWith("/api/v1/me")) me.value = null;
			else renewMe().catch(() => undefined);
		}
		return response;
	},
});

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** Gives the body of an answer, or throws a Problem. */
export async function read<T>(asked: Answer<T>): Promise<T> {
	let got: Awaited<Answer<T>>;
	try {
		got = await asked;
	} catch (thrown) {
		if (thrown instanceof DOMException && thrown.name === "AbortError") throw thrown;
		throw problemOf(thrown);
	}
	if (!got.response.ok || got.error !== undefined) {
		throw new Problem(got.response.status, got.error, Number(got.response.headers.get("Retry-After")) || 0);
	}
	return got.data as T;
}

/** Reads anew who is signed in, without leaving the page. */
export async function renewMe(): Promise<void> {
	me.value = await read(api.GET("/api/v1/me"));
}

/** What was read before stays on the page while the new is on its way. */
export const cache = new QueryClient({
	defaultOptions: {
		queries: {
			staleTime: 10_000,
			retry: (times, e) => times < 2 && (problemOf(e).passing || (times < 1 && problemOf(e).status === 401)),
			placeholderData: keepPreviousData,
			refetchOnWindowFocus: true,
		},
	},
});

/** Reading is what a view has of something it asked for. */
export type Reading<T> = {
	data: T | undefined;
	problem: Problem | undefined;
	/** Nothing is there yet. */
	loading: boolean;
	/** Something is there, and newer is on its way. */
	renewing: boolean;
	again: () => void;
};

/**
 * Reads from the API and keeps it. The key names what is read, with all that it
 * depends on; what is changed under the same first word is read anew.
 */
export function useRead<T>(
	key: readonly unknown[],
	ask: (signal: AbortSignal) => Answer<T>,
	options: {
		enabled?: boolean;
		every?: number;
		keep?: boolean;
		/** It is dear: what is there is good for a minute, and a failure is not tried again. */
		dear?: boolean;
	} = {},
): Reading<T> {
	const q = useQuery({
		queryKey: [...key, viewing.value?.role, viewing.value?.id],
		queryFn: ({ signal }) => read(ask(signal)),
		enabled: options.enabled ?? true,
		refetchInterval: options.every ?? false,
		...(options.keep === false ? { placeholderData: undefined } : {}),
		...(options.dear ? { staleTime: 60_000, retry: false, refetchOnWindowFocus: false } : {}),
	});
	return {
		data: q.data as T | undefined,
		problem: q.error ? problemOf(q.error) : undefined,
		loading: q.isPending && (options.enabled ?? true),
		renewing: q.isFetching && !q.isPending,
		again: () => void q.refetch(),
	};
}

/** Change is something that may be done, and how it stands. */
export type Change<A extends unknown[], T> = {
	/** Does it; gives what came of it, or undefined when it failed. */
	run: (...args: A) => Promise<T | undefined>;
	busy: boolean;
	problem: Problem | undefined;
	clear: () => void;
};

/**
 * Changes something by the API, and has everything read anew that begins with one
 * of the words. A failure without a field to show it at is told by a toast.
 */
export function useChange<A extends unknown[], T>(
	ask: (...args: A) => Answer<T>,
	options: { touches?: string[]; done?: string; quiet?: boolean } = {},
): Change<A, T> {
	const queries = useQueryClient();
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem>();
	const run = useCallback(
		async (...args: A): Promise<T | undefined> => {
			setBusy(true);
			setProblem(undefined);
			try {
				const got = await confirmed(() => read(ask(...args)));
				for (const word of options.touches ?? []) void queries.invalidateQueries({ queryKey: [word] });
				if (options.done) toast(options.done);
				return (got ?? {}) as T;
			} catch (thrown) {
				const p = problemOf(thrown);
				setProblem(p);
				if (!options.quiet && p.places.length === 0) toast(p.message, { tone: "bad" });
				return undefined;
			} finally {
				setBusy(false);
			}
		},
		[ask, queries],
	);
	return { run, busy, problem, clear: () => setProblem(undefined) };
}
