import { text } from "../text/en.ts";

/** One place of a request that is wrong. */
export type Place = { location?: string; message?: string };

/** Problem is an answer by RFC 9457, or a request that got none. */
export class Problem extends Error {
	readonly status: number;
	readonly kind: string;
	readonly places: Place[];
	readonly request: string;
	readonly retryAfter: number;

	constructor(status: number, body: unknown, retryAfter = 0) {
		const b = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
		super(String(b.detail ?? b.title ?? (status ? text.problem.status(status) : text.problem.offline)));
		this.name = "Problem";
		this.status = status;
		this.kind = String(b.type ?? "").replace("urn:waybill:problem:", "");
		this.places = Array.isArray(b.errors) ? (b.errors as Place[]) : [];
		this.request = String(b.instance ?? "").replace("urn:waybill:request:", "");
		this.retryAfter = retryAfter;
	}

	/** The message at a field of the body, such as `payout.amount`. */
	at(field: string): string | undefined {
		const found = this.places.find((p) => {
			const place = (p.location ?? "").replace(/^(body|query|path)\./, "");
			return place === field || place.startsWith(`${field}.`) || place.startsWith(`${field}[`);
		});
		return found?.message;
	}

	/** Whether it is worth asking again. */
	get passing(): boolean {
		return this.status === 0 || this.status === 429 || this.status >= 500;
	}
}

/** Makes a Problem of whatever was thrown. */
export function problemOf(thrown: unknown): Problem {
	if (thrown instanceof Problem) return thrown;
	return new Problem(0, { detail: thrown instanceof TypeError ? text.problem.offline : String(thrown) });
}
