import { describe, expect, it, test, vi } from "vitest";

vi.hoisted(() => {
	const store = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
	Object.assign(globalThis, { sessionStorage: store, localStorage: store });
});

import { finding, millis, partOf, sentence, told } from "./words.ts";

it("makes a sentence of what begins in lower case", () => {
	expect(sentence("the conversion was counted")).toBe("The conversion was counted.");
	expect(sentence("order_id is missing")).toBe("order_id is missing.");
	expect(sentence("Is it?")).toBe("Is it?");
	expect(sentence("")).toBe("");
});

it("knows which part of the offer a rejection has to do with", () => {
	expect(partOf("goal_unknown")).toBe("goals");
	expect(partOf("token_missing")).toBe("integration");
	expect(partOf("click_not_found")).toBeUndefined();
});

it("reads durations as the API writes them", () => {
	expect(millis("2.4ms")).toBeCloseTo(2.4);
	expect(millis("1h30m0s")).toBe(5_400_000);
	expect(millis("30d")).toBe(2_592_000_000);
	expect(millis("15µs")).toBeCloseTo(0.015);
	expect(millis("soon")).toBeUndefined();
	expect(millis(undefined)).toBeUndefined();
});

describe("what a message finds", () => {
	test("is what stands before what its sender should do", () => {
		expect(finding('the offer has no goal "x"; create it, or leave goal out')).toBe(
			'the offer has no goal "x"',
		);
	});
	test("is not cut where a sender quoted the mark", () => {
		expect(finding('there is no offer "7; drop \\"it; now\\""; check offer_id')).toBe(
			'there is no offer "7; drop \\"it; now\\""',
		);
	});
	test("is all of it where nothing is to be done", () => {
		expect(finding("the conversion was counted")).toBe("the conversion was counted");
	});
});

describe("a verdict's message", () => {
	const goal = 'the offer has no goal "x"; create it, or leave goal out for the default';
	test("speaks to the network as it stands", () => {
		expect(told(goal, "goal_unknown", "network")).toBe(
			'The offer has no goal "x"; create it, or leave goal out for the default.',
		);
	});
	test("tells an affiliate what an affiliate can do", () => {
		const got = told(goal, "goal_unknown", "affiliate");
		expect(got).toContain('The offer has no goal "x".');
		expect(got).not.toContain("create it");
	});
	test("speaks of an affiliate as you", () => {
		const got = told(
			"the affiliate 3 is blocked and earns nothing; activate it",
			"affiliate_blocked",
			"affiliate",
		);
		expect(got).toContain("You are blocked and earn nothing.");
	});
	test("tells an advertiser nothing of the network's settings", () => {
		expect(
			told("the click lies too far back; make the window longer", "click_expired", "advertiser"),
		).not.toContain("make the window longer");
	});
});
