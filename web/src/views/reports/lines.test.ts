import { beforeAll, describe, expect, it, vi } from "vitest";

// The modules below keep the reader's choices of this browser.
vi.hoisted(() => {
	const store = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
	Object.assign(globalThis, { sessionStorage: store, localStorage: store });
});

let l: typeof import("./lines.ts");
beforeAll(async () => {
	l = await import("./lines.ts");
});

const later = Date.parse("2027-01-01T00:00:00Z");

describe("the points of a period", () => {
	it("are its days by the clock of its zone, without the one it ends before", () => {
		const points = l.pointsOf("day", "2026-10-24T00:00:00+02:00", "2026-10-27T00:00:00+01:00", later);
		expect(points).toEqual(["2026-10-24", "2026-10-25", "2026-10-26"]);
	});

	it("have the present day when the period ends in it", () => {
		expect(l.lastDay("2026-11-22T21:08:00.5+01:00")).toBe("2026-11-22");
		expect(l.lastDay("2026-11-22T00:00:00Z")).toBe("2026-11-21");
	});

	it("are 25 hours on the day that clocks go back", () => {
		const points = l.pointsOf("hour", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", later);
		expect(points).toHaveLength(25);
	});

	it("do not lie in the future", () => {
		const now = Date.parse("2026-11-22T10:30:00Z");
		expect(l.pointsOf("hour", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", now)).toHaveLength(11);
	});

	it("are Mondays, and months", () => {
		expect(l.pointsOf("week", "2026-11-04T00:00:00Z", "2026-11-17T00:00:00Z", later)).toEqual([
			"2026-11-02",
			"2026-11-09",
			"2026-11-16",
		]);
		expect(l.pointsOf("month", "2026-10-31T00:00:00Z", "2026-12-02T00:00:00Z", later)).toEqual([
			"2026-10",
			"2026-11",
			"2026-12",
		]);
	});
});

describe("a line", () => {
	const points = () => ["2026-11-01", "2026-11-02", "2026-11-03"].map((p) => l.secondsOf("day", p));
	const rows = [
		{ day: "2026-11-01", clicks: 4, cr: 0.5, previous: { clicks: 2 } },
		{ day: "2026-11-03", clicks: 6, cr: null },
	];

	it("is 0 where nothing was counted", () => {
		expect(l.lineOf(points(), "day", rows, "clicks")).toEqual([4, 0, 6]);
	});

	it("is broken where there was nothing to divide by", () => {
		expect(l.lineOf(points(), "day", rows, "cr")).toEqual([0.5, null, null]);
	});

	it("can be that of the period before", () => {
		expect(l.lineOf(points(), "day", rows, "clicks", true)).toEqual([2, null, null]);
	});

	it("has hours by their instants, whatever their offset", () => {
		const at = [l.secondsOf("hour", "2026-10-25T00:00:00.000Z")];
		expect(l.lineOf(at, "hour", [{ hour: "2026-10-25T02:00:00+02:00", clicks: 3 }], "clicks")).toEqual([3]);
	});
});
