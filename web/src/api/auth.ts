// The ceremonies of signing in, which are for browsers alone and so are no part
// of the API's description.
import { confirmed } from "../lib/confirm.ts";
import { nodeUrl } from "../lib/place.ts";
import { Problem, problemOf } from "../lib/problem.ts";

const ask = <T>(method: string, path: string, body?: unknown) =>
	confirmed(() => askOnce<T>(method, path, body));

async function askOnce<T>(method: string, path: string, body?: unknown): Promise<T> {
	let got: Response;
	try {
		got = await fetch(`${nodeUrl}/console/auth/${path}`, {
			method,
			credentials: "same-origin",
			...(body === undefined
				? {}
				: { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
		});
	} catch (thrown) {
		throw problemOf(thrown);
	}
	const type = got.headers.get("Content-Type") ?? "";
	const answer = type.includes("json") ? await got.json() : undefined;
	if (!got.ok) throw new Problem(got.status, answer, Number(got.headers.get("Retry-After")) || 0);
	return answer as T;
}

/** How signing in goes on this node. */
export type AuthState = { setup_needed: boolean; oidc: { name: string } | null; mail: boolean };

/** The doors of the log-in. */
export const auth = {
	get: <T>(path: string) => ask<T>("GET", path),
	post: <T>(path: string, body: unknown) => ask<T>("POST", path, body),
	patch: <T>(path: string, body: unknown) => ask<T>("PATCH", path, body),
	remove: <T>(path: string) => ask<T>("DELETE", path),
};
