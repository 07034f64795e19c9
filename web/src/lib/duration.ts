const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration as the API writes it: 30d, 1h30m, 929471ms. */
export function milliseconds(duration: string | undefined | null): number | undefined {
	if (!duration) return undefined;
	let sum = 0;
	const rest = duration.replaceAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g, (_, n: string, unit: string) => {
		sum += Number(n) * (units[unit] ?? 0);
		return "";
	});
	return rest === "" ? sum : undefined;
}
