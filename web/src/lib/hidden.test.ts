import { describe, expect, it } from "vitest";
import { isPlain, piecesOf, plainly } from "./hidden.ts";

describe("what is hidden in a text", () => {
	for (const [what, text, want] of [
		["nothing in plain letters", "order-17", "order-17"],
		["nothing in letters of any script", "日本 Ω קפה ﷽", "日本 Ω קפה ﷽"],
		["an override that turns a name around", "\u202Egnp.exe", "⟨U+202E⟩gnp.exe"],
		[
			"isolates, and marks of direction",
			"a\u2066b\u2069\u200Fc\u061C",
			"a⟨U+2066⟩b⟨U+2069⟩⟨U+200F⟩c⟨U+061C⟩",
		],
		["what has no width", "pay\u200Bpal\uFEFF\u2060", "pay⟨U+200B⟩pal⟨U+FEFF⟩⟨U+2060⟩"],
		[
			"control characters, the null and the bell among them",
			"a\u0000\u0007\u009F",
			"a⟨U+0000⟩⟨U+0007⟩⟨U+009F⟩",
		],
		["line breaks and tabs", "a\r\nb\tc", "a⟨U+000D⟩⟨U+000A⟩b⟨U+0009⟩c"],
		["separators of lines", "a\u2028b", "a⟨U+2028⟩b"],
		["tags, of which nothing is seen", "a\u{E0041}\u{E007F}", "a⟨U+E0041⟩⟨U+E007F⟩"],
		["a joiner between letters that do not join", "a\u200Db\u200Cc", "a⟨U+200D⟩b⟨U+200C⟩c"],
		["nothing in a joined emoji", "👩‍👩‍👧‍👦🏴‍☠️👍🏽", "👩‍👩‍👧‍👦🏴‍☠️👍🏽"],
		[
			"nothing in the flag of a region",
			"🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
			undefined,
		],
		["nothing where spelling joins", "می‌خواهم क्‍ष", "می‌خواهم क्‍ष"],
		["a joiner at an end", "a\u200D", "a⟨U+200D⟩"],
	] as const) {
		it(what, () => expect(plainly(text)).toBe(want ?? text));
	}
	it("leaves line breaks to a text of several lines", () => {
		expect(piecesOf("a\n\tb\u0000", true)).toEqual([{ text: "a\n\tb" }, { hidden: "U+0000" }]);
	});
	it("loses nothing that is seen", () => {
		const text = "x\u202Ey 👩‍👧 z";
		const seen = piecesOf(text)
			.map((p) => ("text" in p ? p.text : ""))
			.join("");
		expect(seen).toBe(text.replace("\u202E", ""));
	});
	it("is none where all is plain", () => {
		expect(isPlain("A-17 (new)")).toBe(true);
		expect(isPlain("a\nb")).toBe(false);
		expect(isPlain("é")).toBe(false);
	});
});
