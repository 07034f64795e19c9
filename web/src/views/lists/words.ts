// Words of the API as they stand on a page.
import { type Side, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";

/** A text that begins in lower case as a sentence. */
export function sentence(said: string): string {
	if (!said) return "";
	// A parameter's name stays as it is written.
	const first = /^\w*_/.test(said) ? said : said[0]!.toUpperCase() + said.slice(1);
	return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** What a message finds, without what it tells its sender to do about it. */
export function finding(message: string): string {
	let quoted = false;
	for (let i = 0; i < message.length; i++) {
		if (message[i] === "\\" && quoted) i++;
		else if (message[i] === '"') quoted = !quoted;
		else if (!quoted && message.startsWith("; ", i)) return message.slice(0, i);
	}
	return message;
}

/**
 * The message of a verdict for whoever reads it. It speaks to the sender of the
 * signal; others are told what was found, and what they can do themselves.
 */
export function told(message: string, code: string, reader: Side = side.value): string {
	const own = text.lists.advice[reader]?.[code];
	if (own === undefined) return sentence(message);
	const found = finding(message);
	return `${sentence(reader === "affiliate" ? text.lists.you(found) : found)} ${own}`;
}

/** A duration as the API writes it (2.4ms, 1h30m0s), in milliseconds; undefined if it is none. */
export function millis(span: string | undefined): number | undefined {
	if (!span) return undefined;
	const size: Record<string, number> = {
		ns: 1e-6,
		us: 1e-3,
		µs: 1e-3,
		ms: 1,
		s: 1000,
		m: 60_000,
		h: 3_600_000,
		d: 86_400_000,
	};
	let all = 0;
	let rest = span;
	while (rest) {
		const m = /^([\d.]+)(ns|us|µs|ms|s|m|h|d)/.exec(rest);
		if (!m) return undefined;
		all += Number(m[1]) * size[m[2]!]!;
		rest = rest.slice(m[0].length);
	}
	return all;
}

const aboutSender = new Set([
	"token_missing",
	"token_invalid",
	"signature_invalid",
	"signature_expired",
	"ip_not_allowed",
]);

/** Whether a code doubts who sent the signal, for which the network may vouch. */
export const isAboutSender = (code: string): boolean => aboutSender.has(code);

const atOffer: Record<string, string> = {
	goal_unknown: "goals",
	cap_reached: "caps",
	click_expired: "attribution",
	too_fast: "attribution",
	token_missing: "integration",
	token_invalid: "integration",
	signature_invalid: "integration",
	amount_missing: "integration",
	amount_invalid: "integration",
	currency_invalid: "integration",
	order_id_missing: "integration",
	macro_unexpanded: "integration",
};

/** The part of an offer that a rejection has to do with: where to look, and where it may be mended. */
export const partOf = (code: string): keyof typeof text.lists.signal.look | undefined =>
	atOffer[code] as keyof typeof text.lists.signal.look | undefined;

/** Whether a text may be a transaction ID. */
export const isId = (id: string | undefined): boolean => /^[0-9a-z]{32}$/i.test(id ?? "");

const words = text.lists as unknown as Record<string, Record<string, string>>;

/** A word of the API as it is called here, or as it came. */
export const worded = (
	list: "channels" | "events" | "tellings" | "turned" | "parties" | "by" | "errors",
	word: string | undefined,
): string => (word ? (words[list]?.[word] ?? word.replaceAll("_", " ")) : "");
