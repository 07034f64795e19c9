import { api, cache, read } from "../../api/client.ts";
import { few } from "../../api/found.ts";

/** The names of affiliates, for a file; those that cannot be read are left out. */
export async function namesOf(ids: number[]): Promise<Map<number, string>> {
	const names = new Map<number, string>();
	const first = await read(api.GET("/api/v1/affiliates", { params: { query: { limit: few } } })).catch(
		() => undefined,
	);
	for (const a of first?.data ?? []) if (a.id !== undefined) names.set(a.id, a.name ?? "");
	for (const id of new Set(ids)) {
		if (names.has(id)) continue;
		const one = await cache
			.fetchQuery({
				queryKey: ["affiliates", String(id), "name"],
				queryFn: () => read(api.GET("/api/v1/affiliates/{id}", { params: { path: { id } } })),
			})
			.catch(() => undefined);
		if (one?.name) names.set(id, one.name);
	}
	return names;
}
