import { expect, test } from "vitest";
import { together } from "./together.ts";

function counted(most: number) {
	const asked: number[][] = [];
	const one = together(most, async (keys: number[]) => {
		asked.push(keys);
		return keys.reduce((a, b) => a + b, 0);
	});
	return { asked, one };
}

test("what is asked for in one moment is asked for once", async () => {
	const { asked, one } = counted(200);
	expect(await Promise.all([3, 7, 3, 5].map(one))).toEqual([15, 15, 15, 15]);
	expect(await one(9)).toBe(9);
	expect(asked).toEqual([[3, 7, 5], [9]]);
});

test("and never more than so many", async () => {
	const { asked, one } = counted(200);
	await Promise.all(Array.from({ length: 450 }, (_, i) => one(i)));
	expect(asked.map((keys) => keys.length)).toEqual([200, 200, 50]);
});

test("a failure is everybody's, and nobody's who asks later", async () => {
	let away = true;
	const one = together(10, async (keys: number[]) => {
		if (away) throw new Error("away");
		return keys.length;
	});
	const got = await Promise.allSettled([one(1), one(2)]);
	expect(got.map((g) => g.status)).toEqual(["rejected", "rejected"]);
	away = false;
	expect(await one(1)).toBe(1);
});
