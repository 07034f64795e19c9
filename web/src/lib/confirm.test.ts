import { expect, test } from "vitest";
import { confirmed, confirming } from "./confirm.ts";

const problem = (kind: string) => Object.assign(new Error(kind), { kind });
const first = () => problem("confirm_first");

test("what is confirmed is done once more, and several at once are asked once", async () => {
	let sure = false;
	let tries = 0;
	const what = async () => {
		tries++;
		if (!sure) throw first();
		return "done";
	};
	const both = Promise.all([confirmed(what), confirmed(what)]);
	await expect.poll(() => confirming.value).not.toBeNull();
	sure = true;
	confirming.value?.answer(true);
	expect(await both).toEqual(["done", "done"]);
	expect(tries).toBe(4);
	expect(confirming.value).toBeNull();
});

test("who does not confirm is told what was refused", async () => {
	const refused = confirmed(async () => {
		throw first();
	});
	await expect.poll(() => confirming.value).not.toBeNull();
	confirming.value?.answer(false);
	await expect(refused).rejects.toMatchObject({ kind: "confirm_first" });
});

test("what is refused for another reason asks nobody", async () => {
	const other = problem("forbidden");
	await expect(confirmed(async () => Promise.reject(other))).rejects.toBe(other);
	expect(confirming.value).toBeNull();
});
