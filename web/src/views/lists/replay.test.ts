import { expect, it, vi } from "vitest";

vi.hoisted(() => {
	const store = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
	Object.assign(globalThis, { sessionStorage: store, localStorage: store });
	Object.assign(globalThis, { document: { baseURI: "http://localhost/console/" } });
});

import { linesOf, noTally, ofStatus, type Replayed, replay, tally } from "./replay.ts";

const one = (id: string, status: string, code: string, skipped?: string): Replayed => ({
	before: "goal_unknown",
	changed: status !== "rejected",
	received_at: "2026-11-22T00:00:00Z",
	request_id: id,
	...(skipped ? { skipped } : {}),
	verdict: { status, code, message: `${code}!`, request_id: id, test: false },
});

it("cuts an answer into its lines, however it comes", () => {
	expect(linesOf("", '{"a":1}\n{"b"')).toEqual({ lines: ['{"a":1}'], rest: '{"b"' });
	expect(linesOf('{"b"', ":2}\n\n")).toEqual({ lines: ['{"b":2}'], rest: "" });
});

it("counts what came of each, skipped ones apart", () => {
	const all = [
		one("a", "accepted", "ok"),
		one("b", "accepted", "ok"),
		one("c", "rejected", "cap_reached"),
		one("d", "rejected", "goal_unknown", "it is being judged"),
	].reduce(tally, noTally);
	expect(all.looked).toBe(4);
	expect(ofStatus(all, "accepted", "updated")).toBe(2);
	expect(ofStatus(all, "rejected")).toBe(1);
	expect(all.by["skipped "]?.message).toBe("it is being judged");
});

it("goes on behind the last signal until there are no more", async () => {
	const asked: Record<string, unknown>[] = [];
	vi.stubGlobal("fetch", async (_: string, init: { body: string }) => {
		asked.push(JSON.parse(init.body));
		const first = asked.length === 1;
		const lines = [
			one(first ? "a" : "b", "accepted", "ok"),
			{ summary: { dry_run: true, next_cursor: first ? "a" : "" } },
		];
		return new Response(lines.map((l) => JSON.stringify(l)).join("\n"));
	});
	const seen: number[] = [];
	const so = await replay(
		{ from: "2026-11-01T00:00:00Z", code: "goal_unknown" },
		true,
		(t) => seen.push(t.looked),
		new AbortController().signal,
	);
	expect(so.looked).toBe(2);
	expect(seen).toEqual([1, 2]);
	expect(asked.map((b) => [b.dry_run, b.cursor])).toEqual([
		[true, undefined],
		[true, "a"],
	]);
});

it("tells why it was refused", async () => {
	vi.stubGlobal(
		"fetch",
		async () => new Response(JSON.stringify({ detail: "from has to be said" }), { status: 422 }),
	);
	await expect(replay({ from: "" }, true, () => undefined, new AbortController().signal)).rejects.toThrow(
		"from has to be said",
	);
});
