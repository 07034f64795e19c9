import { describe, expect, it } from "vitest";
import { channelsOf, parameterOf, snippetsOf, waysOf } from "./ways.ts";

describe("ways", () => {
	it("are those that the offer's channels allow", () => {
		expect(waysOf(["postback", "pixel", "sdk", "api"])).toEqual(["server", "pixel", "sdk", "both"]);
		expect(waysOf(["postback", "api"])).toEqual(["server"]);
		expect(waysOf(["sdk"])).toEqual(["sdk"]);
		expect(waysOf(["api", "import"])).toEqual([]);
	});
	it("need one channel each, or a server's and a browser's", () => {
		expect(channelsOf("both", ["postback", "pixel", "sdk"])).toEqual(["postback", "pixel"]);
		expect(channelsOf("both", ["postback", "sdk"])).toEqual(["postback", "sdk"]);
		expect(channelsOf("pixel", ["pixel"])).toEqual(["pixel"]);
	});
});

describe("snippets", () => {
	const php = { id: "php", title: "PHP", channel: "postback", language: "php", file: "w.php", code: "<?php" };
	const gtm = { id: "gtm", title: "GTM", channel: "sdk", language: "html", file: "g.html", code: "<script>" };
	it("are those of the channel, and for servers the URL as well", () => {
		expect(snippetsOf([php, gtm], "postback", "https://a/", "URL").map((s) => s.id)).toEqual(["php", "url"]);
		expect(snippetsOf([php, gtm], "sdk", "https://a/", "URL").map((s) => s.id)).toEqual(["gtm"]);
		expect(snippetsOf([php], "postback", "", "URL").map((s) => s.id)).toEqual(["php"]);
	});
});

describe("the landing page", () => {
	it("is told the ID in a parameter, or not at all", () => {
		expect(parameterOf("https://s.example/?a=1&tid={transaction_id}")).toBe("tid");
		expect(parameterOf("https://s.example/?x={transaction_id|raw}&b={sub1}")).toBe("x");
		expect(parameterOf("https://s.example/?a={sub1}")).toBe("");
		expect(parameterOf(undefined)).toBe("");
	});
});
