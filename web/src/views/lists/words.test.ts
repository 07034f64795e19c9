import { expect, it, vi } from "vitest";

vi.hoisted(() => {
	const store = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
	Object.assign(globalThis, { sessionStorage: store, localStorage: store });
});

import { millis, sentence } from "./words.ts";

it("makes a sentence of what begins in lower case", () => {
	expect(sentence("the conversion was counted")).toBe("The conversion was counted.");
	expect(sentence("order_id is missing")).toBe("order_id is missing.");
	expect(sentence("Is it?")).toBe("Is it?");
	expect(sentence("")).toBe("");
});

it("reads durations as the API writes them", () => {
	expect(millis("2.4ms")).toBeCloseTo(2.4);
	expect(millis("1h30m0s")).toBe(5_400_000);
	expect(millis("30d")).toBe(2_592_000_000);
	expect(millis("15µs")).toBeCloseTo(0.015);
	expect(millis("soon")).toBeUndefined();
	expect(millis(undefined)).toBeUndefined();
});
