import { beforeEach, describe, expect, it, vi } from "vitest";

vi.hoisted(() => {
	const store = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
	Object.assign(globalThis, { sessionStorage: store, localStorage: store });
});

import {
	askOf,
	cleared,
	extras,
	factsOf,
	isFacts,
	isNarrowed,
	type Spec,
	standsAt,
	stringOf,
	withPeriod,
	withValue,
} from "./query.ts";

const offer = { name: "offer_id", dim: "offer" };
const goal = { name: "goal" };
const test = { name: "test" };
const list: Spec = { fields: [offer, { name: "status", dim: "status" }, goal, test], period: "" };
const facts: Spec = { ...list, facts: true, period: "last7" };
const q = (text: string) => new URLSearchParams(text);
const zone = "Europe/Berlin";

beforeEach(() => {
	vi.useFakeTimers();
	vi.setSystemTime(new Date("2026-11-22T12:00:00Z"));
});

describe("a list of work", () => {
	it("asks the ledger by its own names, from midnight to midnight of the reader's zone", () => {
		expect(askOf(q("offer_id=3&status=pending&period=2026-11-01..2026-11-02&test=1"), list, zone)).toEqual({
			offer_id: "3",
			status: "pending",
			from: "2026-10-31T23:00:00Z",
			until: "2026-11-02T23:00:00Z",
			test: "true",
		});
	});
	it("asks for all of it when nothing is said", () => {
		expect(askOf(q("tab=all"), list, zone)).toEqual({});
	});
	it("keeps bounds that the address has", () => {
		expect(askOf(q("from=2026-11-01T00:00:00Z&until=2026-11-02T00:00:00Z"), list, zone)).toEqual({
			from: "2026-11-01T00:00:00Z",
			until: "2026-11-02T00:00:00Z",
		});
	});
	it("is downloaded as facts", () => {
		expect(factsOf(q("offer_id=3&status=pending&period=yesterday"), list, zone)).toEqual({
			asked: {
				tz: zone,
				filter: ["offer=3", "status=pending"],
				from: "2026-11-21",
				to: "2026-11-21",
			},
		});
	});
	it("names what facts do not have", () => {
		expect(factsOf(q("goal=deposit"), list, zone)).toEqual({ lacks: "goal" });
	});
});

describe("a link from a report", () => {
	const link = q(
		"filter=status%3Dapproved%2Cpaid&filter=offer%3D1&filter=country!%3DDE&tz=UTC&from=2026-11-22T00:00:00Z&to=2026-11-22T10:00:00Z",
	);
	it("is asked of the facts and passed on unchanged", () => {
		expect(isFacts(link, list)).toBe(true);
		expect(askOf(link, list, zone)).toEqual({
			from: "2026-11-22T00:00:00Z",
			to: "2026-11-22T10:00:00Z",
			tz: "UTC",
			filter: ["status=approved,paid", "offer=1", "country!=DE"],
		});
		expect(stringOf(askOf(link, list, zone))).toContain("filter=offer%3D1&filter=country%21%3DDE");
	});
	it("shows in a field what the field can show, and the rest as chips", () => {
		expect(standsAt(link, list, offer)).toBe("1");
		expect(extras(link, list).map((e) => e.text)).toEqual(["status=approved,paid", "country!=DE"]);
	});
	it("shows once what stands there twice, and takes both away", () => {
		const twice = q("filter=offer%3D1&filter=status%3Dapproved%2Cpaid&filter=offer%3D1");
		expect(extras(twice, list).map((e) => e.text)).toEqual(["status=approved,paid"]);
		expect(withValue(twice, list, offer, "").getAll("filter")).toEqual(["status=approved,paid"]);
	});
	it("loses one chip at a time", () => {
		expect(extras(link, list)[1]?.without.getAll("filter")).toEqual(["status=approved,paid", "offer=1"]);
	});
	it("changes a field in place of its expression", () => {
		const next = withValue(link, list, offer, "7");
		expect(next.getAll("filter")).toEqual(["status=approved,paid", "country!=DE", "offer=7"]);
		expect(withValue(next, list, offer, "").getAll("filter")).toEqual([
			"status=approved,paid",
			"country!=DE",
		]);
	});
	it("is the whole list again when it is cleared", () => {
		expect(isNarrowed(link, list)).toBe(true);
		expect(cleared(q(`${link}&tab=all`), list).toString()).toBe("tab=all");
	});
});

describe("a list of facts", () => {
	it("has a usual period, and days in the reader's zone", () => {
		expect(askOf(q(""), facts, zone)).toEqual({ tz: zone, from: "2026-11-16", to: "2026-11-22" });
	});
	it("drops the bounds of a link for a period that is chosen", () => {
		const next = withPeriod(
			q("from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z&tz=UTC&filter=a%3Db"),
			facts,
			"today",
		);
		expect(askOf(next, facts, zone)).toEqual({
			tz: zone,
			from: "2026-11-22",
			to: "2026-11-22",
			filter: ["a=b"],
		});
	});
});
