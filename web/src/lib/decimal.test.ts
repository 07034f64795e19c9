import { describe, expect, test } from "vitest";
import { decimal, micros, percentOf } from "./decimal.ts";

describe("micros and decimal", () => {
	const cases: [string, string | undefined][] = [
		["12.34", "12.34"],
		["12,34", "12.34"],
		["0.000001", "0.000001"],
		[".5", "0.5"],
		["-3.10", "-3.1"],
		["100", "100"],
		["999999999999.999999", "999999999999.999999"],
		["", undefined],
		["abc", undefined],
		["1.2.3", undefined],
		["1.1234567", undefined],
	];
	for (const [text, want] of cases) {
		test(`${JSON.stringify(text)} is ${want}`, () => {
			const m = micros(text);
			expect(m === undefined ? undefined : decimal(m)).toBe(want);
		});
	}
});

test("percentOf is exact and rounds half away from zero", () => {
	const of = (p: string, a: string) => decimal(percentOf(micros(p)!, micros(a)!));
	expect(of("12.5", "49.90")).toBe("6.2375");
	expect(of("33.333333", "100")).toBe("33.333333");
	expect(of("0.5", "0.0001")).toBe("0.000001");
	expect(of("0.5", "-0.0001")).toBe("-0.000001");
});
