import { describe, expect, it } from "vitest";
import { milliseconds } from "./duration.ts";

describe("a duration", () => {
	it.each([
		["0s", 0],
		["1m", 60_000],
		["929471ms", 929_471],
		["1h30m", 5_400_000],
		["30d", 2_592_000_000],
		["1.5s", 1500],
	])("%s has its milliseconds", (text, want) => expect(milliseconds(text)).toBe(want));

	it.each(["", "soon", "5 apples", undefined])("is not made of %s", (text) =>
		expect(milliseconds(text)).toBeUndefined(),
	);
});
