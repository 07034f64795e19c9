// What may stand in a postback's template, as one types it and as the API finds
// it wrong. Pure: the API decides what is right, this only helps to get there.
import { text } from "../../text/en.ts";

/** Whose postback it is: that decides what it may tell. */
export type Use = "network" | "affiliate" | "advertiser";

const meanings: Record<string, string> = text.postbacks.macros;

// A digest of the customer's e-mail and what tells who the visitor is are told
// to partners only where the network shares them.
const visitors = ["ip", "user_agent"];

/** Whether a postback may hold a macro. */
export function allows(use: Use, name: string, shared: boolean): boolean {
	if (!(name in meanings)) return false;
	if (use === "affiliate")
		return name !== "revenue" && (shared || (!visitors.includes(name) && name !== "email_sha256"));
	if (use === "advertiser") return name !== "payout" && (shared || !visitors.includes(name));
	return true;
}

/** One thing that may be put in while one types. */
export type Offered = { insert: string; label: string; meaning: string };

/** What may be put in at a place of a text, and what it takes the place of. */
export type Completion = { from: number; to: number; offered: Offered[] };

const times = ["click_time", "conversion_time", "occurred_at", "timestamp", "date"];
const most = 60;

/** Offers macros behind an open brace, and filters behind a bar. */
export function complete(template: string, caret: number, use: Use, shared: boolean): Completion | null {
	const before = template.slice(0, caret);
	const open = /\{([A-Za-z0-9_]*)(?:\|([a-z0-9_]*))?$/.exec(before);
	if (!open) return null;
	const [, name = "", filter] = open;
	const rest = /^[A-Za-z0-9_]*(?:\|[^{}]*)?\}?/.exec(template.slice(caret))?.[0] ?? "";
	if (filter !== undefined) {
		const all = Object.entries(times.includes(name) ? text.postbacks.timeWords : text.postbacks.filterWords);
		const offered = all
			.filter(([word]) => word.startsWith(filter))
			.map(([word, meaning]) => ({ insert: `{${name}|${word}}`, label: `|${word}`, meaning }));
		return offered.length ? { from: caret - open[0].length, to: end(caret, rest), offered } : null;
	}
	const offered = named(name, use, shared).map((n) => ({
		insert: `{${n}}`,
		label: `{${n}}`,
		meaning: meanings[n] ?? "",
	}));
	return offered.length
		? { from: caret - open[0].length, to: end(caret, rest), offered: offered.slice(0, most) }
		: null;
}

// What is typed before a word that stands there already does not take it along:
// only a macro that is closed is replaced whole.
const end = (caret: number, rest: string) => (rest.endsWith("}") ? caret + rest.length : caret);

function named(typed: string, use: Use, shared: boolean): string[] {
	const word = typed.toLowerCase();
	const score = (n: string) =>
		n.startsWith(word) ? 0 : n.includes(word) ? 1 : (meanings[n] ?? "").toLowerCase().includes(word) ? 2 : 3;
	return Object.keys(meanings)
		.filter((n) => allows(use, n, shared) && score(n) < 3)
		.sort((a, b) => score(a) - score(b));
}

/** Slip is something in a template that the API refuses or warns of. */
export type Slip = {
	message: string;
	/** The text that is wrong; empty where the message names none that stands there. */
	wrong: string;
	/** What may be put in its place; the empty text takes it out. */
	fixes: string[];
};

/** Makes slips of the messages about a text. */
export function slipsOf(messages: string[], template: string): Slip[] {
	return [...new Set(messages)].map((message) => {
		const wrong = wrongIn(message, template);
		return { message, wrong, fixes: wrong ? fixesIn(message, wrong) : [] };
	});
}

function wrongIn(message: string, template: string): string {
	for (const pattern of [/^(.+?): /s, /^(\S+) cannot stand/, /^(\S+) stands where/]) {
		const found = pattern.exec(message)?.[1];
		if (found && template.includes(found)) return found;
	}
	return "";
}

function fixesIn(message: string, wrong: string): string[] {
	const about = message.slice(message.indexOf(wrong) + wrong.length);
	const named = [...about.matchAll(/\{([a-z0-9_]+)(?:\|[^{}]*)?\}/g)]
		.filter((m) => (m[1] ?? "") in meanings && m[0] !== wrong)
		.map((m) => m[0]);
	return named.length ? [...new Set(named)] : [""];
}

/** Puts a fix in the place of what is wrong, everywhere. */
export function mend(template: string, wrong: string, fix: string): string {
	if (!wrong) return template;
	// A bare word may be part of others: only its first place is meant for sure.
	if (/^\w/.test(wrong)) return template.replace(wrong, () => fix);
	return template.split(wrong).join(fix);
}

/** Piece is a part of a template: plain text, a macro, or what is wrong. */
export type Piece = { text: string; kind: "plain" | "macro" | "wrong" };

/** Cuts a template into its pieces, to show them apart. */
export function piecesOf(template: string, slips: Slip[]): Piece[] {
	const wrong = slips.map((s) => s.wrong).filter(Boolean);
	const marks = [...wrong.map(literal), "\\{[a-z0-9_]+(?:\\|[^{}]*)?\\}"].join("|");
	const pieces: Piece[] = [];
	let at = 0;
	for (const m of template.matchAll(new RegExp(marks, "g"))) {
		if (m.index > at) pieces.push({ text: template.slice(at, m.index), kind: "plain" });
		pieces.push({ text: m[0], kind: wrong.includes(m[0]) ? "wrong" : "macro" });
		at = m.index + m[0].length;
	}
	if (at < template.length) pieces.push({ text: template.slice(at), kind: "plain" });
	return pieces;
}

const literal = (s: string) => s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
