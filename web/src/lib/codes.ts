import { text } from "../text/en.ts";

/** A code of a verdict in words. */
export function codeName(code: string): string {
	const known = (text.lists.codes as Record<string, string>)[code];
	return known ?? (code ? code[0]!.toUpperCase() + code.slice(1).replaceAll("_", " ") : "");
}
