// The first line of a CSV file, to see what its columns hold before it is sent.

/** The columns of a file by its first line, whatever parts them. */
export function columnsOf(text: string): string[] {
	const first = text.replace(/^\ufeff/, "").split(/\r?\n/, 1)[0] ?? "";
	if (first.trim() === "") return [];
	let best = ",";
	let most = 0;
	for (const sign of [",", ";", "\t", "|"]) {
		const n = first.split(sign).length - 1;
		if (n > most) [best, most] = [sign, n];
	}
	const cells: string[] = [];
	let cell = "";
	let quoted = false;
	for (let i = 0; i < first.length; i++) {
		const c = first[i]!;
		if (c === '"' && quoted && first[i + 1] === '"') {
			cell += c;
			i++;
		} else if (c === '"') quoted = !quoted;
		else if (c === best && !quoted) {
			cells.push(cell.trim());
			cell = "";
		} else cell += c;
	}
	return [...cells, cell.trim()];
}

/** One cell of CSV, quoted where it must be. What a spreadsheet would reckon is made text. */
export function cellOf(value: string | number): string {
	const text = String(value);
	const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
	return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What `columns` of an import says of columns whose names do not tell what they hold. */
export const columnsParameter = (told: Record<string, string>): string =>
	Object.entries(told)
		.filter(([, parameter]) => parameter !== "")
		.map(([column, parameter]) => `${parameter}:${column}`)
		.join(",");
