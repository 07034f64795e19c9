import { expect, test } from "vitest";
import { ndjson } from "./ndjson.ts";

const stream = (...parts: (string | Uint8Array)[]) =>
	new ReadableStream<Uint8Array>({
		start(c) {
			for (const p of parts) c.enqueue(typeof p === "string" ? new TextEncoder().encode(p) : p);
			c.close();
		},
	});

async function all(s: ReadableStream<Uint8Array>): Promise<unknown[]> {
	const got: unknown[] = [];
	for await (const v of ndjson(s)) got.push(v);
	return got;
}

test("lines are put together however they are cut", async () => {
	expect(await all(stream('{"a":1}\n{"a"', ':2}\n\n{"a":3}'))).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
});

test("a letter of several bytes may be cut, too", async () => {
	const bytes = new TextEncoder().encode('{"a":"é"}\n');
	expect(await all(stream(bytes.slice(0, 7), bytes.slice(7)))).toEqual([{ a: "é" }]);
});

test("an answer that breaks off within a line is told", async () => {
	await expect(all(stream('{"a":1}\n{"a'))).rejects.toThrow();
});
