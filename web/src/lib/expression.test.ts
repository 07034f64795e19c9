import { describe, expect, it } from "vitest";
import { expressionOf, writeExpression } from "./expression.ts";

describe("an expression of a filter", () => {
	for (const [text, want] of [
		["country=DE,FR", { dim: "country", op: "=", values: ["DE", "FR"] }],
		["device!=mobile", { dim: "device", op: "!=", values: ["mobile"] }],
		["sub1^=camp", { dim: "sub1", op: "^=", values: ["camp"] }],
		["offer>=10", { dim: "offer", op: ">=", values: ["10"] }],
		["turned_away=", { dim: "turned_away", op: "=", values: [""] }],
		["sub2=a\\,b\\\\c,d=e", { dim: "sub2", op: "=", values: ["a,b\\c", "d=e"] }],
	] as const) {
		it(`reads and writes ${text}`, () => {
			expect(expressionOf(text)).toEqual(want);
			expect(writeExpression(expressionOf(text)!)).toBe(text);
		});
	}
	it("is none without a name or an operator", () => {
		expect(expressionOf("=DE")).toBeUndefined();
		expect(expressionOf("country")).toBeUndefined();
	});
});
