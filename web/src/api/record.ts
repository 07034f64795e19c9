// One record with its version, and everything of a list.

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** A record as it was read, and the version that a change must be meant for. */
export type Tagged<T> = { value: T; etag: string };

/** Keeps the version that an answer names beside its body. */
export async function tagged<T>(asked: Answer<T>): Answer<Tagged<T>> {
	const got = await asked;
	const data =
		got.data === undefined ? undefined : { value: got.data, etag: got.response.headers.get("ETag") ?? "" };
	return { data, error: got.error, response: got.response };
}

/** What guards a change: it is refused if the record is another by now. */
export const ifMatch = (etag: string) => ({ "If-Match": etag || undefined });

type Listed<T> = { data?: T[]; next_cursor?: string };
type Paging = { limit: number; cursor?: string };

const mostPages = 50;

/** Reads a list to its end, page by page. */
export async function wholeList<T>(ask: (paging: Paging) => Answer<Listed<T>>): Answer<T[]> {
	const all: T[] = [];
	let cursor: string | undefined;
	for (let i = 0; i < mostPages; i++) {
		const got = await ask({ limit: 1000, cursor });
		if (!got.response.ok || !got.data) return { error: got.error, response: got.response };
		all.push(...(got.data.data ?? []));
		cursor = got.data.next_cursor || undefined;
		if (!cursor) return { data: all, response: got.response };
	}
	return { data: all, response: new Response() };
}

/** An answer that is asked for as JSON, where the API can give other forms of it, too. */
export const jsonOf = <T>(asked: Answer<T>) => asked as Answer<Exclude<T, string>>;
