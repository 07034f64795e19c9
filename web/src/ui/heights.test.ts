import { describe, expect, it } from "vitest";
import { Heights } from "./heights.ts";

const made = (count: number) => {
	const h = new Heights(40);
	h.resize(count);
	return h;
};

describe("heights of rows", () => {
	it("are the usual until they are known", () => {
		const h = made(1000);
		expect(h.before(1000)).toBe(40_000);
		expect(h.at(0)).toBe(0);
		expect(h.at(79)).toBe(1);
		expect(h.at(80)).toBe(2);
		expect(h.at(1e9)).toBe(999);
	});
	it("move what stands below them", () => {
		const h = made(100);
		expect(h.measured(0, [40, 100, 40])).toBe(true);
		expect(h.before(1)).toBe(40);
		expect(h.before(2)).toBe(140);
		expect(h.at(139)).toBe(1);
		expect(h.at(140)).toBe(2);
		expect(h.before(100)).toBe(4060);
		expect(h.measured(50, [90])).toBe(true);
		expect(h.before(100)).toBe(4110);
		expect(h.before(50)).toBe(2060);
	});
	it("say nothing new when measured again", () => {
		const h = made(10);
		h.measured(0, [40, 60, 40]);
		expect(h.measured(0, [40, 60.3, 40])).toBe(false);
	});
	it("take what most rows have for the usual", () => {
		const h = made(10);
		h.measured(0, [56, 56, 120]);
		expect(h.before(10)).toBe(56 * 9 + 120);
	});
	it("stay known when rows are added, and go with the rows", () => {
		const h = made(3);
		h.measured(0, [40, 40, 100]);
		h.resize(5);
		expect(h.before(5)).toBe(260);
		h.resize(2);
		expect(h.before(2)).toBe(80);
		h.resize(5);
		expect(h.before(5)).toBe(200);
		h.forget();
		expect(h.measured(4, [70])).toBe(true);
		expect(h.before(5)).toBe(350);
	});
	it("have no row when there is none", () => {
		expect(made(0).at(100)).toBe(0);
		expect(made(0).before(0)).toBe(0);
	});
});
