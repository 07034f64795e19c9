import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { text } from "../../text/en.ts";
import { allows, complete, mend, piecesOf, slipsOf } from "./macros.ts";

// The texts write numbers in the reader's language, which a browser keeps.
vi.hoisted(() => vi.stubGlobal("sessionStorage", { getItem: () => null }));

const labels = (template: string, use: "network" | "affiliate" | "advertiser" = "affiliate") =>
	complete(template, template.length, use, false)?.offered.map((o) => o.label);

describe("macros", () => {
	it("are those that the node knows", () => {
		const source = readFileSync(new URL("../../../../internal/macro/name.go", import.meta.url), "utf8");
		const table = source.slice(source.indexOf("var names"), source.indexOf("// String gives"));
		const known = [...table.matchAll(/: "([a-z0-9_]+)"/g)].map((m) => m[1] as string);
		expect(Object.keys(text.postbacks.macros).sort()).toEqual(known.sort());
	});
	it("tell no affiliate the revenue and no advertiser the payout", () => {
		expect(allows("affiliate", "revenue", true)).toBe(false);
		expect(allows("affiliate", "payout", false)).toBe(true);
		expect(allows("advertiser", "payout", true)).toBe(false);
		expect(allows("advertiser", "revenue", false)).toBe(true);
		expect(allows("network", "revenue", false)).toBe(true);
	});
	it("tell partners who the visitor is only where that is shared", () => {
		expect(["ip", "user_agent", "email_sha256"].map((n) => allows("affiliate", n, false))).toEqual([
			false,
			false,
			false,
		]);
		expect(["ip", "user_agent", "email_sha256"].map((n) => allows("affiliate", n, true))).toEqual([
			true,
			true,
			true,
		]);
		expect(["ip", "email_sha256"].map((n) => allows("advertiser", n, false))).toEqual([false, true]);
	});
});

describe("completion", () => {
	it("offers nothing outside of braces", () => {
		expect(complete("https://a.example/?cid=", 23, "affiliate", false)).toBeNull();
		expect(complete("?cid={aff_click_id}&x", 21, "affiliate", false)).toBeNull();
	});
	it("offers all that may be told behind an open brace", () => {
		expect(labels("?p={")?.slice(0, 2)).toEqual(["{aff_click_id}", "{payout}"]);
		expect(labels("?p={")).not.toContain("{revenue}");
		expect(labels("?p={", "advertiser")).toContain("{revenue}");
	});
	it("puts what begins with the typed before what holds it, and that before what means it", () => {
		expect(labels("?p={pay")).toEqual(["{payout}"]);
		expect(labels("?p={earns")).toEqual(["{payout}"]);
		expect(labels("?p={id")?.[0]).toBe("{idfa}");
		expect(labels("?p={id")).toContain("{offer_id}");
	});
	it("offers filters behind a bar, and times their layouts", () => {
		expect(labels("?p={payout|")).toContain("|raw");
		expect(labels("?p={click_time|un")).toEqual(["|unix", "|unix_ms"]);
		expect(complete("?p={sub1|lo", 11, "affiliate", false)?.offered[0]?.insert).toBe("{sub1|lower}");
	});
	it("takes the place of the whole macro where that is closed, and of nothing behind it else", () => {
		expect(complete("?p={pay}&q=1", 7, "affiliate", false)).toMatchObject({ from: 3, to: 8 });
		expect(complete("?p={pay&q=1", 7, "affiliate", false)).toMatchObject({ from: 3, to: 7 });
	});
});

describe("slips", () => {
	const template = "https://a.example/?c={click_id}&p={payot}&s=#s2#&r={revenue}";
	const messages = [
		"{payot}: did you mean {payout}?",
		"{click_id}: {aff_click_id} (the affiliate's) or {transaction_id} (ours)?",
		"#s2#: macros are written in single braces: {sub2}",
		"{revenue} cannot stand in an affiliate's postback",
		"the URL names no host that can be reached",
	];
	it("know what is wrong and what was meant", () => {
		expect(slipsOf(messages, template).map((s) => [s.wrong, s.fixes])).toEqual([
			["{payot}", ["{payout}"]],
			["{click_id}", ["{aff_click_id}", "{transaction_id}"]],
			["#s2#", ["{sub2}"]],
			["{revenue}", [""]],
			["", []],
		]);
	});
	it("are told once, however often they stand there", () => {
		expect(slipsOf([messages[0]!, messages[0]!], template)).toHaveLength(1);
	});
	it("are mended wherever they stand, a bare word at its first place alone", () => {
		expect(mend("{payot}&{payot}", "{payot}", "{payout}")).toBe("{payout}&{payout}");
		expect(mend("a=REPLACE&b=REPLACED", "REPLACE", "{sub1}")).toBe("a={sub1}&b=REPLACED");
		expect(mend("x=$&", "x", "$&$&")).toBe("$&$&=$&");
	});
	it("are shown apart from macros and from the rest, and nothing of the text is lost", () => {
		const pieces = piecesOf(
			"?p={payot}&q={payout|raw}",
			slipsOf(["{payot}: did you mean {payout}?"], "?p={payot}"),
		);
		expect(pieces.map((p) => [p.kind, p.text])).toEqual([
			["plain", "?p="],
			["wrong", "{payot}"],
			["plain", "&q="],
			["macro", "{payout|raw}"],
		]);
	});
});
