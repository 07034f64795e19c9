import { describe, expect, it } from "vitest";
import { blank, changesOf, fieldsOf, hostOf, inFormat, parametersOf, useOf } from "./draft.ts";

describe("a draft", () => {
	it("says nothing of what was left open", () => {
		const told = fieldsOf({
			...blank({ affiliate_id: 7 }),
			url: "https://a.example/",
			goal: "",
			headers: {},
		});
		expect(Object.keys(told).sort()).toEqual(["backlog", "format", "on", "owner", "status", "url"]);
	});
	it("says of a kept postback only what is otherwise, and null for what was taken out", () => {
		const kept = {
			...blank({ affiliate_id: 7 }),
			url: "https://a.example/",
			goal: "sale",
			headers: { A: "1", B: "2" },
		};
		expect(changesOf(kept, { ...kept, goal: "", headers: { A: "1" } }, 3)).toEqual({
			id: 3,
			goal: null,
			headers: { B: null },
		});
	});
	it("loses in another format what that has no field for", () => {
		const draft = { ...blank({ network: true }), method: "GET" as const, body: "a=b", headers: { A: "1" } };
		expect(inFormat(draft, "meta_capi")).toEqual({
			format: "meta_capi",
			method: undefined,
			body: undefined,
			headers: undefined,
		});
		expect(inFormat(draft, "json")).toEqual({ format: "json", method: undefined });
	});
	it("is the affiliate's, the advertiser's or the network's", () => {
		expect(useOf(blank({ affiliate_id: 0 }))).toBe("affiliate");
		expect(useOf(blank({ advertiser_id: 3 }))).toBe("advertiser");
		expect(useOf(blank({ network: true }))).toBe("network");
	});
});

describe("a URL", () => {
	it("leads to a host", () => {
		expect(hostOf("https://track.example.com:8443/a?b={payout}")).toBe("track.example.com:8443");
		expect(hostOf("not a url")).toBe("");
		expect(hostOf(undefined)).toBe("");
	});
	it("has parameters, decoded as far as they can be", () => {
		expect(parametersOf("https://a.example/p?a=1%202&b=%zz&c=x=y&d")).toEqual([
			["a", "1 2"],
			["b", "%zz"],
			["c", "x=y"],
			["d", ""],
		]);
		expect(parametersOf("https://a.example/p")).toEqual([]);
	});
});
