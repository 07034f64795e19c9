// The first line of a list, to name its columns by.

/** Splits one line of CSV. */
export function cellsOf(line: string, separator: string): string[] {
	const cells: string[] = [];
	let cell = "";
	let quoted = false;
	for (let i = 0; i < line.length; i++) {
		const c = line[i];
		if (quoted && c === '"' && line[i + 1] === '"') {
			cell += '"';
			i++;
		} else if (c === '"') quoted = !quoted;
		else if (c === separator && !quoted) {
			cells.push(cell.trim());
			cell = "";
		} else cell += c;
	}
	return [...cells, cell.trim()];
}

/** The first line of a text that has columns: not what Excel says of its separator. */
export function headOf(content: string, separator: string): string[] {
	const lines = content.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
	const first = lines.find((l) => l.trim() !== "" && !/^sep=.$/i.test(l.trim()));
	return first === undefined ? [] : cellsOf(first, separator);
}

/** Reads the head of a file in its encoding. */
export async function headOfFile(file: Blob, encoding: string, separator: string): Promise<string[]> {
	const bytes = new Uint8Array(await file.slice(0, 64 * 1024).arrayBuffer());
	const bigEndian = encoding === "utf-16" && (bytes[0] === 0xfe || bytes[0] === 0);
	let decoder: TextDecoder;
	try {
		decoder = new TextDecoder(bigEndian ? "utf-16be" : encoding);
	} catch {
		decoder = new TextDecoder();
	}
	return headOf(decoder.decode(bytes), separator);
}
