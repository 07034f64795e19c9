import { describe, expect, test } from "vitest";
import { toInstant, toLocal } from "./zoned.ts";

describe("a local time and its instant", () => {
	const cases: [string, string, string][] = [
		["2026-11-22T10:30", "UTC", "2026-11-22T10:30:00Z"],
		["2026-11-22T10:30", "Europe/Berlin", "2026-11-22T09:30:00Z"],
		["2026-07-01T00:00", "America/New_York", "2026-07-01T04:00:00Z"],
		["2026-03-29T03:30", "Europe/Berlin", "2026-03-29T01:30:00Z"],
		["2026-10-25T12:00", "Europe/Berlin", "2026-10-25T11:00:00Z"],
		["2026-12-31T23:45", "Asia/Kathmandu", "2026-12-31T18:00:00Z"],
	];
	for (const [local, zone, instant] of cases) {
		test(`${local} in ${zone} is ${instant}`, () => {
			expect(toInstant(local, zone)).toBe(instant);
			expect(toLocal(instant, zone)).toBe(local);
		});
	}
});

test("nothing stays nothing", () => {
	expect(toInstant("", "UTC")).toBe("");
	expect(toLocal(undefined, "UTC")).toBe("");
});
