// JSON Merge Patch (RFC 7396): what is sent to change one thing and nothing else.

type Tree = Record<string, unknown>;

const isTree = (v: unknown): v is Tree => typeof v === "object" && v !== null && !Array.isArray(v);

// What is left open is sent as an absence, however a form holds it.
const open = (v: unknown): boolean =>
	v === undefined || v === null || v === "" || (Array.isArray(v) && v.length === 0);

/** Whether two values say the same. An empty text, an empty list and nothing are equal. */
export function same(a: unknown, b: unknown): boolean {
	if (open(a) && open(b)) return true;
	if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((v, i) => same(v, b[i]));
	if (isTree(a) && isTree(b))
		return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((k) => same(a[k], b[k]));
	if (isTree(a) && open(b)) return Object.values(a).every(open);
	if (open(a) && isTree(b)) return Object.values(b).every(open);
	return a === b;
}

/** The merge patch that makes `made` of `old`: null puts a field back to its default. */
export function patchOf(old: object, made: object): Tree {
	const before = old as Tree;
	const after = made as Tree;
	const patch: Tree = {};
	for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
		const was = before[key];
		const is = after[key];
		if (same(was, is)) continue;
		if (open(is)) patch[key] = null;
		else if (isTree(is)) patch[key] = patchOf(isTree(was) ? was : {}, is);
		else patch[key] = is;
	}
	return patch;
}

/** The fields in which two records differ. */
export const differing = (a: object, b: object): string[] =>
	[...new Set([...Object.keys(a), ...Object.keys(b)])]
		.filter((k) => !same((a as Tree)[k], (b as Tree)[k]))
		.sort();
