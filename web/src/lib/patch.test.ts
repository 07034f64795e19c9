import { describe, expect, test } from "vitest";
import { differing, patchOf, same } from "./patch.ts";

describe("patchOf", () => {
	const cases: [string, Record<string, unknown>, Record<string, unknown>, Record<string, unknown>][] = [
		["sends nothing when nothing is changed", { a: 1, b: [1] }, { a: 1, b: [1] }, {}],
		["sends what was changed alone", { a: "x", b: "y" }, { a: "x", b: "z" }, { b: "z" }],
		["puts what was emptied back to its default", { a: "x" }, { a: "" }, { a: null }],
		["does not send what is empty as it was", {}, { a: "", b: [], c: undefined }, {}],
		[
			"takes fields away that a price no longer has",
			{ p: { type: "cpa_cps", amount: "5", percent: "3" } },
			{ p: { type: "cpa", amount: "5" } },
			{ p: { type: "cpa", percent: null } },
		],
		["takes away what is no longer there at all", { p: { type: "cpa" } }, {}, { p: null }],
		["makes what was not there", {}, { p: { type: "cpa", amount: "" } }, { p: { type: "cpa" } }],
		["replaces lists as a whole", { l: ["a", "b"] }, { l: ["b"] }, { l: ["b"] }],
		[
			"takes a word out of a map",
			{ w: { sale: "approved", refund: "rejected" } },
			{ w: { sale: "approved" } },
			{ w: { refund: null } },
		],
		["sends false", { on: true }, { on: false }, { on: false }],
	];
	for (const [name, before, after, want] of cases)
		test(name, () => expect(patchOf(before, after)).toEqual(want));
});

test("same goes into lists of objects", () => {
	expect(same([{ a: "1" }], [{ a: "1", b: "" }])).toBe(true);
	expect(same([{ a: "1" }], [{ a: "2" }])).toBe(false);
	expect(same({ a: [] }, undefined)).toBe(true);
});

test("differing names the fields that are not the same", () => {
	expect(differing({ a: 1, b: 2, c: "" }, { a: 1, b: 3, d: 4 })).toEqual(["b", "d"]);
});
