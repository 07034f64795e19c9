import { describe, expect, test } from "vitest";
import { handsIdOn, withParameter } from "./macros.ts";

describe("withParameter", () => {
	const cases: [string, string][] = [
		["https://a.example/", "https://a.example/?tid={transaction_id}"],
		["https://a.example/?x=1", "https://a.example/?x=1&tid={transaction_id}"],
		["https://a.example/?", "https://a.example/?tid={transaction_id}"],
		["https://a.example/?x=1&", "https://a.example/?x=1&tid={transaction_id}"],
		["https://a.example/p#top", "https://a.example/p?tid={transaction_id}#top"],
	];
	for (const [url, want] of cases)
		test(url, () => expect(withParameter(url, "tid", "transaction_id")).toBe(want));
});

test("handsIdOn sees the macro with and without a filter, and nothing else", () => {
	expect(handsIdOn("https://a.example/?t={transaction_id}")).toBe(true);
	expect(handsIdOn("https://a.example/?t={transaction_id|base64url}")).toBe(true);
	expect(handsIdOn("https://a.example/?t={transaction_ids}")).toBe(false);
	expect(handsIdOn("https://a.example/?transaction_id=1")).toBe(false);
});
