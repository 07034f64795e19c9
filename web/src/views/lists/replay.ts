// Judging rejected signals again: answers come line by line while they are judged.
import type { Schema } from "../../api/client.ts";
import { nodeUrl } from "../../lib/place.ts";
import { Problem, problemOf } from "../../lib/problem.ts";

/** What became of one signal, or would. */
export type Replayed = Schema["Replayed"];

/** Which signals are judged again. */
export type Group = Omit<Schema["ReplayOptions"], "dry_run" | "cursor">;

/** What came of a group so far. */
export type Tally = {
	looked: number;
	/** How often each outcome came, by status and code; skipped ones by `skipped`. */
	by: Record<string, { status: string; code: string; message: string; count: number; sample: string }>;
};

/** Nothing yet. */
export const noTally: Tally = { looked: 0, by: {} };

/** Adds one signal to what came of a group. */
export function tally(so: Tally, one: Replayed): Tally {
	const status = one.skipped ? "skipped" : one.verdict.status;
	const code = one.skipped ? "" : one.verdict.code;
	const key = `${status} ${code}`;
	const before = so.by[key];
	return {
		looked: so.looked + 1,
		by: {
			...so.by,
			[key]: {
				status,
				code,
				message: one.skipped ?? one.verdict.message,
				sample: one.request_id,
				count: (before?.count ?? 0) + 1,
			},
		},
	};
}

/** How many came to a status. */
export const ofStatus = (t: Tally, ...statuses: string[]): number =>
	Object.values(t.by)
		.filter((b) => statuses.includes(b.status))
		.reduce((n, b) => n + b.count, 0);

/** Cuts what came into whole lines, and what is left of one. */
export function linesOf(rest: string, chunk: string): { lines: string[]; rest: string } {
	const all = (rest + chunk).split("\n");
	const left = all.pop() ?? "";
	return { lines: all.filter((l) => l.trim() !== ""), rest: left };
}

/** Judges a group again, or says what would come of it. */
export async function replay(
	group: Group,
	dryRun: boolean,
	told: (so: Tally) => void,
	signal: AbortSignal,
): Promise<Tally> {
	let so = noTally;
	let cursor = "";
	do {
		const body = { ...group, dry_run: dryRun, ...(cursor ? { cursor } : {}) };
		cursor = "";
		for await (const line of ask(body, signal)) {
			if ("summary" in line) cursor = line.summary.next_cursor;
			else {
				so = tally(so, line);
				told(so);
			}
		}
	} while (cursor && !signal.aborted);
	return so;
}

type Line = Replayed | Schema["ReplaySummary"];

async function* ask(body: unknown, signal: AbortSignal): AsyncGenerator<Line> {
	let got: Response;
	try {
		got = await fetch(`${nodeUrl}/api/v1/signals/replay`, {
			method: "POST",
			credentials: "same-origin",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify(body),
			signal,
		});
	} catch (thrown) {
		throw problemOf(thrown);
	}
	if (!got.ok || !got.body) throw new Problem(got.status, await got.json().catch(() => undefined));
	const reader = got.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	for (;;) {
		const { value, done } = await reader.read();
		const cut = linesOf(rest, done ? "\n" : value);
		rest = cut.rest;
		for (const line of cut.lines) yield JSON.parse(line) as Line;
		if (done) return;
	}
}
