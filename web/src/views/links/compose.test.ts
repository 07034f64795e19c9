import { describe, expect, it } from "vitest";
import {
	allowed,
	encode,
	limitOf,
	queryOfValues,
	tagWith,
	tooLong,
	valuesOfQuery,
	withValues,
} from "./compose.ts";

const link = "https://go.example.com/click?offer_id=1&affiliate_id=7";

describe("a link", () => {
	it("keeps macros of other systems as they are", () => {
		for (const m of [
			"{clickid}",
			"{{ad.id}}",
			// biome-ignore lint/suspicious/noTemplateCurlyInString: a macro of another system
			"${SUBID}",
			"[cid]",
			"#reqid#",
			"__CLICKID__",
			"%%CLICK%%",
			"*|ID|*",
		])
			expect(encode(m)).toBe(m);
	});
	it("encodes everything else", () => {
		expect(encode("a b&c=d#e+f%é{x}")).toBe("a%20b%26c%3Dd%23e%2Bf%25%C3%A9{x}");
		expect(encode("{not a macro")).toBe("%7Bnot%20a%20macro");
	});
	it("has its values in one order, without the empty ones", () => {
		const made = withValues(link, {
			sub2: "b",
			aff_click_id: "{clickid}",
			sub1: " ",
			url: "https://s.example/?a=1",
		});
		expect(made).toBe(`${link}&aff_click_id={clickid}&sub2=b&url=https%3A%2F%2Fs.example%2F%3Fa%3D1`);
		expect(withValues(link, {})).toBe(link);
		expect(withValues("https://go.example.com/c/may", { sub1: "x" })).toBe(
			"https://go.example.com/c/may?sub1=x",
		);
	});
	it("may be too long for a node", () => {
		expect(tooLong(withValues(link, { sub1: "x".repeat(500) }))).toBe(false);
		expect(tooLong(withValues(link, { sub1: "x".repeat(9000) }))).toBe(true);
	});
});

describe("an impression's tag", () => {
	const tag = '<img src="https://go.example.com/impression?offer_id=1&amp;affiliate_id=7" width="1">';
	it("has the values in its address, escaped for HTML, and no deep link", () => {
		expect(tagWith(tag, { sub1: "a", sub2: '<"', url: "https://s.example" })).toBe(
			'<img src="https://go.example.com/impression?offer_id=1&amp;affiliate_id=7&amp;sub1=a&amp;sub2=%3C%22" width="1">',
		);
		expect(tagWith(tag, { sub1: "<site>" })).toContain("sub1=&lt;site&gt;");
		expect(tagWith(tag, { url: "https://s.example" })).toBe(tag);
	});
});

describe("limits", () => {
	it("cut what is free, and drop a click ID", () => {
		expect(limitOf("sub1", "x".repeat(1024))).toBeUndefined();
		expect(limitOf("sub1", "x".repeat(1025))).toBe("cut");
		expect(limitOf("sub1", "é".repeat(600))).toBe("cut");
		expect(limitOf("aff_click_id", "x".repeat(1025))).toBe("dropped");
	});
	it("take a deep link to an allowed host alone", () => {
		const hosts = ["shop.example", "*.shop.example"];
		expect(limitOf("url", "https://shop.example/x", hosts)).toBeUndefined();
		expect(limitOf("url", "https://de.shop.example/x", hosts)).toBeUndefined();
		expect(limitOf("url", "https://evilshop.example/x", hosts)).toBe("host");
		expect(limitOf("url", "https://shop.example/x", [])).toBe("host");
		expect(limitOf("url", "https://anything.example")).toBeUndefined();
		expect(limitOf("url", "shop.example/x")).toBe("url");
		expect(limitOf("url", "javascript:alert(1)", hosts)).toBe("url");
		expect(limitOf("url", `https://shop.example/${"x".repeat(4096)}`, hosts)).toBe("long");
	});
	it("compare hosts without regard to case", () => {
		expect(allowed(["*.Shop.Example"], "a.shop.example")).toBe(true);
		expect(allowed(["*.shop.example"], "shop.example")).toBe(false);
	});
});

describe("a short link's values", () => {
	it("are read back as they were written", () => {
		expect(valuesOfQuery(queryOfValues({ source: "a b", sub1: "x&y" }))).toEqual([
			["source", "a b"],
			["sub1", "x&y"],
		]);
		expect(valuesOfQuery("")).toEqual([]);
		expect(valuesOfQuery("sub1=%zz")).toEqual([["sub1", "%zz"]]);
	});
});
