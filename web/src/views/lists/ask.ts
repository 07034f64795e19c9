import { api } from "../../api/client.ts";
import type { Asked } from "./query.ts";

/** Where lists are. */
export type ListPath =
	| "/api/v1/conversions"
	| "/api/v1/clicks"
	| "/api/v1/impressions"
	| "/api/v1/signals"
	| "/api/v1/deliveries";

type Page<R> = { data: R[]; next_cursor: string; as_of?: string };

/**
 * Asks for a page of a list. The parameters are those of the address, and the
 * answer is JSON, not one of the other forms that lists are written in.
 */
export function askList<R>(
	path: ListPath,
	asked: Asked,
	cursor: string | undefined,
	signal: AbortSignal,
	limit?: number,
) {
	const query = { ...asked, limit, cursor } as never;
	const asking = api.GET(path as "/api/v1/conversions", { params: { query }, signal });
	return asking as unknown as Promise<{ data?: Page<R>; error?: unknown; response: Response }>;
}
