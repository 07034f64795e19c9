// A page's style sheet stays loaded when one goes on to another page: what it says of a
// class that another page has, too, would hold there or not by where one came from.
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const src = resolve(import.meta.dirname, "..");
const sheets = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".css"));
const pages = sheets.filter((f) => f.startsWith("views/"));

/** The selectors of a style sheet. */
function selectors(file: string): string[] {
	const css = readFileSync(resolve(src, file), "utf8")
		.replaceAll(/\/\*[\s\S]*?\*\//g, "")
		.replaceAll(/@[^{;]*[{;]/g, "");
	return [...css.matchAll(/([^{}]+)\{/g)].flatMap((m) => (m[1] as string).split(",")).map((s) => s.trim());
}

const classes = (s: string) => [...s.matchAll(/\.([a-z][\w-]*)/gi)].map((m) => m[1] as string);

/** The classes that a style sheet alone decides about: those that its selectors begin with. */
const own = (file: string) =>
	new Set(
		selectors(file)
			.filter((s) => /^\.[\w-]+$/.test(s))
			.flatMap(classes),
	);

it("no class is made by the style sheets of two pages", () => {
	const made = new Map<string, string[]>();
	for (const file of pages) for (const c of own(file)) made.set(c, [...(made.get(c) ?? []), file]);
	expect([...made].filter(([, files]) => files.length > 1)).toEqual([]);
});

it("no page's style sheet speaks of elements of every page", () => {
	const bare = pages.flatMap((file) => selectors(file).filter((s) => classes(s).length === 0));
	expect(bare.filter((s) => s && !/^(from|to|\d+%)$/.test(s))).toEqual([]);
});
