// Characters that hide or turn text around: what strangers write may hold them, and
// what is read must be what is there.

// What joins letters of these scripts belongs to their spelling.
const joining = [
	...["Arabic", "Syriac", "Mongolian", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya"],
	...["Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Khmer", "Myanmar"],
]
	.map((s) => `\\p{Script=${s}}`)
	.join("");

// Control characters, soft hyphens, marks and overrides of direction, what has no
// width, and tags. Emoji are put together by a joiner and told apart by selectors.
const hidden = new RegExp(
	[
		"[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u115f\\u1160\\u180e]",
		"[\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb]",
		`(?<![${joining}])[\\u200c]|[\\u200c](?![${joining}])`,
		`(?<![${joining}\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])[\\u200d]`,
		`[\\u200d](?![${joining}\\p{Extended_Pictographic}])`,
		"[\\u{e0000}-\\u{e0fff}](?<!\\u{1f3f4}[\\u{e0061}-\\u{e007f}]{1,8})",
	].join("|"),
	"gu",
);

const name = (c: string) => `U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Piece is a part of a text: as it is, or the name of a character that one would not see. */
export type Piece = { text: string } | { hidden: string };

/** A text in pieces. Line breaks and tabs are text where there may be several lines. */
export function piecesOf(text: string, lines = false): Piece[] {
	const all: Piece[] = [];
	let from = 0;
	const breaks = lines ? /(?!)/g : /[\t\n\r]/g;
	const found = [...text.matchAll(hidden), ...text.matchAll(breaks)].sort((a, b) => a.index - b.index);
	for (const m of found) {
		if (m.index > from) all.push({ text: text.slice(from, m.index) });
		all.push({ hidden: name(m[0]) });
		from = m.index + m[0].length;
	}
	if (from < text.length) all.push({ text: text.slice(from) });
	return all;
}

/** A text with the names of what is hidden in it, where there is only room for text. */
export const plainly = (text: string): string =>
	piecesOf(text)
		.map((p) => ("text" in p ? p.text : `⟨${p.hidden}⟩`))
		.join("");

/** Whether a text is of plain letters alone, which hide nothing and run one way. */
export const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
