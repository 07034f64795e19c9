import { describe, expect, it } from "vitest";
import type { Schema } from "../../api/client.ts";
import { gravity, rateOf, sumBy } from "./loss.ts";

const row = (offer: number, day: string, missed: number, of: number) =>
	({
		offer,
		day,
		conversions: of,
		both: of - missed,
		only_pixel: 0,
		only_postback: missed,
		amounts_differ: 1,
		pixel_loss: { missed, of },
		postback_loss: { missed: 0, of: of - missed },
	}) as Schema["DiscrepancyRow"];

describe("what channels lose", () => {
	const rows = [row(1, "2026-11-01", 1, 10), row(1, "2026-11-02", 3, 10), row(2, "2026-11-02", 0, 5)];

	it("is added up by offer", () => {
		const [one, two] = sumBy(rows, (r) => String(r.offer));
		expect(one?.pixel).toEqual({ missed: 4, of: 20 });
		expect(one?.onlyPostback).toBe(4);
		expect(two?.differ).toBe(1);
	});

	it("is a part of all that could be missed", () => {
		expect(rateOf({ missed: 4, of: 20 })).toBe(0.2);
		expect(rateOf({ missed: 0, of: 0 })).toBeNull();
	});

	it("is worth a look beyond what is usual", () => {
		expect(gravity(0.01, 0.02, 0.1)).toBe("good");
		expect(gravity(0.05, 0.02, 0.1)).toBe("info");
		expect(gravity(0.1, 0.02, 0.1)).toBe("warn");
		expect(gravity(null, 0.02, 0.1)).toBe("good");
	});
});
