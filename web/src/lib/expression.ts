// Expressions by which reports and lists of facts are narrowed, as the API reads them.

/** An expression of a filter: `country!=DE,FR`. */
export type Expression = { dim: string; op: string; values: string[] };

const operators = ["!=", "^=", "~=", ">=", "<=", "=", ">", "<"];

/** Reads an expression; undefined if it is none. */
export function expressionOf(text: string): Expression | undefined {
	const end = text.search(/[=!^~<>]/);
	const op = end > 0 ? operators.find((o) => text.startsWith(o, end)) : undefined;
	if (!op) return undefined;
	const values = [""];
	const rest = text.slice(end + op.length);
	for (let i = 0; i < rest.length; i++) {
		const next = rest[i + 1];
		if (rest[i] === "\\" && (next === "," || next === "\\")) {
			values.push((values.pop() ?? "") + next);
			i++;
		} else if (rest[i] === ",") values.push("");
		else values.push((values.pop() ?? "") + rest[i]);
	}
	return { dim: text.slice(0, end).trim(), op, values };
}

/** Writes what expressionOf reads. */
export function writeExpression(e: Expression): string {
	return e.dim + e.op + e.values.map((v) => v.replaceAll("\\", "\\\\").replaceAll(",", "\\,")).join(",");
}
