// Exact sums on decimal strings, as the API reckons: in millionths.

/** Millionths of a decimal string; undefined if it is none. A comma is taken as a dot. */
export function micros(text: string | undefined | null): bigint | undefined {
	const m = /^\s*(-?)(\d{0,18})(?:[.,](\d{1,6}))?\s*$/.exec(text ?? "");
	if (!m || (!m[2] && !m[3])) return undefined;
	const size = BigInt(m[2] || "0") * 1_000_000n + BigInt((m[3] ?? "").padEnd(6, "0"));
	return m[1] ? -size : size;
}

/** The decimal string of millionths, without zeros at its end. */
export function decimal(of: bigint): string {
	const size = of < 0n ? -of : of;
	const fraction = (size % 1_000_000n).toString().padStart(6, "0").replace(/0+$/, "");
	return `${of < 0n ? "-" : ""}${size / 1_000_000n}${fraction && `.${fraction}`}`;
}

/** So many percent of an amount, both in millionths, rounded half away from zero. */
export function percentOf(percent: bigint, amount: bigint): bigint {
	const product = percent * amount;
	const part = 100_000_000n;
	const half = product < 0n ? -part / 2n : part / 2n;
	return (product + half) / part;
}
