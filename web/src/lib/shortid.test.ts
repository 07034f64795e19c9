import { expect, it } from "vitest";
import { endsAs, shortId, wanted } from "./shortid.ts";

const id = "4g0t41rs2rm004000xa6p2x9na7q1wmw";

it("shortens an ID to its beginning and its end", () => {
	expect(shortId(id)).toBe("4g0t41rs2r…1wmw");
});

it.each([
	["a shortened ID by its beginning", shortId(id), "4g0t41rs2r"],
	["one with three dots, too", "4g0t41rs2r...1wmw", "4g0t41rs2r"],
	["one whose end is cut off", "4g0t41rs2r…", "4g0t41rs2r"],
	["a whole ID as it is", ` ${id} `, id],
	["a name with dots as it is", "Kettle…", "Kettle…"],
	["words as they are", "green tea... black", "green tea... black"],
])("looks for %s", (_, typed, want) => {
	expect(wanted(typed)).toBe(want);
});

it("keeps of what was found what ends as it was typed", () => {
	expect(endsAs(shortId(id), id)).toBe(true);
	expect(endsAs("4g0t41rs2r…1WMW", id)).toBe(true);
	expect(endsAs("4g0t41rs2r…zzzz", id)).toBe(false);
	expect(endsAs("4g0t41rs2r", id)).toBe(true);
	expect(endsAs("tea... black", id)).toBe(true);
});
