import { describe, expect, test } from "vitest";
import { cellOf, columnsOf, columnsParameter } from "./csv.ts";

describe("columnsOf", () => {
	const cases: [string, string, string[]][] = [
		["commas", "transaction_id,amount\n1,2", ["transaction_id", "amount"]],
		["semicolons and a mark", "\ufeffOrder No;Total, net;Goal\r\n", ["Order No", "Total, net", "Goal"]],
		["quotes", '"a,b","say ""hi""",c', ["a,b", 'say "hi"', "c"]],
		["tabs", "a\tb", ["a", "b"]],
		["one column", "email", ["email"]],
		["nothing", "\n", []],
	];
	for (const [name, text, want] of cases) test(name, () => expect(columnsOf(text)).toEqual(want));
});

test("cellOf quotes, and keeps spreadsheets from reckoning", () => {
	expect(cellOf('a "b", c')).toBe('"a ""b"", c"');
	expect(cellOf("=1+1")).toBe("'=1+1");
	expect(cellOf(-5)).toBe("-5");
});

test("columnsParameter names what was told alone", () => {
	expect(columnsParameter({ "Order No": "order_id", Total: "", Ref: "transaction_id" })).toBe(
		"order_id:Order No,transaction_id:Ref",
	);
});
