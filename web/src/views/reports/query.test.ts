import { beforeAll, describe, expect, it, vi } from "vitest";

// The modules below keep the reader's choices of this browser.
vi.hoisted(() => {
	const store = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
	Object.assign(globalThis, { sessionStorage: store, localStorage: store });
});

let q: typeof import("./query.ts");
beforeAll(async () => {
	q = await import("./query.ts");
});

const read = (text: string, side: "network" | "advertiser" | "affiliate" = "network") =>
	q.reportOf(new URLSearchParams(text), side);

describe("a report's address", () => {
	it("says nothing of what goes without saying", () => {
		expect(q.queryOfReport(read(""), "network").toString()).toBe("");
	});

	it("is read as it was written", () => {
		const text =
			"dimensions=offer%2Csub1&metrics=clicks%2Cepc&range=2026-11-01..2026-11-03&tz=Asia%2FTokyo&currency=EUR&compare=previous&time=click&test=1" +
			"&filter=country%3DDE%2CFR&filter=sub1%5E%3Da%5C%2Cb&sort=-epc&limit=100000&chart=top&line=epc&line2=clicks";
		const written = q.queryOfReport(read(text), "network");
		expect(Object.fromEntries(written)).toEqual(Object.fromEntries(new URLSearchParams(text)));
		expect(written.getAll("filter")).toEqual(["country=DE,FR", "sub1^=a\\,b"]);
	});

	it("has no rows when it names no dimension", () => {
		expect(read("dimensions=").dimensions).toEqual([]);
		expect(read("").dimensions).toEqual(["day"]);
	});

	it("leaves out what a side may not ask for", () => {
		const text = "dimensions=offer,sub1,affiliate&metrics=clicks,payout,revenue";
		expect(read(text, "advertiser").dimensions).toEqual(["offer", "affiliate"]);
		expect(read(text, "advertiser").metrics).toEqual(["clicks", "revenue"]);
		expect(read(text, "affiliate").metrics).toEqual(["clicks", "payout"]);
	});

	it("forgets an order by what is not shown", () => {
		expect(read("metrics=clicks&sort=-payout").sort).toBe("");
		expect(read("metrics=clicks&sort=-clicks").sort).toBe("-clicks");
	});
});

describe("what is asked of the API", () => {
	it("has the reader's zone unless another is chosen", () => {
		expect(q.askOf(read(""), "Europe/Berlin").tz).toBe("Europe/Berlin");
		expect(q.askOf(read("tz=UTC"), "Europe/Berlin").tz).toBe("UTC");
	});

	it("ends now where the period is not over, and else on its last day", () => {
		expect(q.askOf(read("range=last7"), "UTC").to).toBeUndefined();
		expect(q.askOf(read("range=2026-01-01..2026-01-31"), "UTC").to).toBe("2026-01-31");
	});

	it("repeats a parameter that stands there more than once", () => {
		expect(q.stringOf({ filter: ["a=1", "b=2"], x: undefined })).toBe("filter=a%3D1&filter=b%3D2");
	});
});

describe("what is behind a row", () => {
	const r = () => read("dimensions=day,offer,sub1&range=2026-11-01..2026-11-30&sort=-clicks");
	const row = { day: "2026-11-04", offer: 7, sub1: "a,b", clicks: 3 };

	it("is its day and its values", () => {
		const next = q.within(r(), row);
		expect(next.range).toBe("2026-11-04..2026-11-04");
		expect(next.filters).toEqual(["offer=7", "sub1=a\\,b"]);
	});

	it("takes the place of a filter on the same dimension", () => {
		const next = q.within({ ...r(), filters: ["offer=7,8", "offer!=9"] }, row);
		expect(next.filters).toEqual(["offer!=9", "offer=7", "sub1=a\\,b"]);
	});

	it("is told apart by the next dimension", () => {
		const next = q.drill(r(), row, "country");
		expect(next.dimensions).toEqual(["country"]);
		expect(next.sort).toBe("");
	});

	it("keeps to the period where a week or month goes beyond it", () => {
		const week = q.within(read("dimensions=week&range=2026-11-04..2026-11-06"), { week: "2026-11-02" });
		expect(week.range).toBe("2026-11-04..2026-11-06");
		const month = q.within(read("dimensions=month&range=2026-01-01..2026-11-06"), { month: "2026-02" });
		expect(month.range).toBe("2026-02-01..2026-02-28");
	});

	it("is an hour by its instants, whatever the offset", () => {
		const hour = q.within(read("dimensions=hour"), { hour: "2026-10-25T02:00:00+02:00" });
		expect(hour.range).toBe("2026-10-25T00:00:00Z..2026-10-25T01:00:00Z");
	});

	it("can be left out", () => {
		expect(q.within(read("dimensions=offer"), row, true).filters).toEqual(["offer!=7"]);
	});
});

describe("the page of a link", () => {
	it("keeps the query", () => {
		expect(q.pageOf("/api/v1/clicks?filter=offer%3D7&tz=UTC")).toBe("/clicks?filter=offer%3D7&tz=UTC");
	});
});

describe("rows in order", () => {
	it("are by number where all are numbers, with those without a value last", () => {
		const rows = [{ v: "9.5" }, { v: null }, { v: "10" }];
		expect(q.sorted(rows, "v").map((r) => r.v)).toEqual(["9.5", "10", null]);
		expect(q.sorted(rows, "-v").map((r) => r.v)).toEqual(["10", "9.5", null]);
	});

	it("are by their letters where they are texts", () => {
		expect(q.sorted([{ v: "b" }, { v: "a" }, { v: "" }], "v").map((r) => r.v)).toEqual(["", "a", "b"]);
	});
});
