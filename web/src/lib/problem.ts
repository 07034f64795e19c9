import { text } from "../text/en.ts";

/** One place of a request that is wrong. */
export type Place = { location?: string; message?: string };

/** What a field is called that the API names by its place, such as `query.offer_id`. */
export function placeName(location: string | undefined, names: Record<string, string> = {}): string {
	const place = (location ?? "").replace(/^(body|query|path|header)\./, "");
	const known = text.places as Record<string, string>;
	return names[place] ?? known[place] ?? place.replaceAll("_", " ");
}

/** Problem is an answer by RFC 9457, or a request that got none. */
export class Problem extends Error {
	readonly status: number;
	readonly kind: string;
	readonly places: Place[];
	readonly request: string;
	readonly retryAfter: number;

	constructor(status: number, body: unknown, retryAfter = 0) {
		const b = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
		const said = String(b.detail ?? b.title ?? (status ? text.problem.status(status) : text.problem.offline));
		const places = Array.isArray(b.errors) ? (b.errors as Place[]) : [];
		// A detail that only repeats a place is told with the place's name.
		const one = places.find((p) => said === `${p.location}: ${p.message}`);
		const kind = String(b.type ?? "").replace("urn:waybill:problem:", "");
		// Who is asked to confirm reads this only when that came to nothing.
		const left = kind === "confirm_first" && text.auth.confirm.left;
		super(left || (one ? `${placeName(one.location)}: ${one.message}` : said));
		this.name = "Problem";
		this.status = status;
		this.kind = kind;
		this.places = places;
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

	/** Every place in words, its field called as on the page. */
	told(names: Record<string, string> = {}): string {
		if (this.places.length === 0) return this.message;
		return this.places.map((p) => `${placeName(p.location, names)}: ${p.message}`).join(" · ");
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
