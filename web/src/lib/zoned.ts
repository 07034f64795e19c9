// Times as a form has them (2026-11-22T10:30, in a zone) and as the API has them.

function parts(at: number, zone: string): Record<string, string> {
	const f = new Intl.DateTimeFormat("en-CA", {
		timeZone: zone,
		hourCycle: "h23",
		year: "numeric",
		month: "2-digit",
		day: "2-digit",
		hour: "2-digit",
		minute: "2-digit",
		second: "2-digit",
	});
	return Object.fromEntries(f.formatToParts(new Date(at)).map((p) => [p.type, p.value]));
}

/** An instant as the clock of a zone shows it: `2026-11-22T10:30`. */
export function toLocal(instant: string | undefined | null, zone: string): string {
	const at = instant ? Date.parse(instant) : Number.NaN;
	if (Number.isNaN(at)) return "";
	const p = parts(at, zone);
	return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
}

/** The instant at which the clock of a zone shows this; empty where there is none. */
export function toInstant(local: string, zone: string): string {
	const wanted = Date.parse(`${local}Z`);
	if (!local || Number.isNaN(wanted)) return "";
	let at = wanted;
	// What the clock shows at a guess tells how far off the guess is. Twice, since the
	// first may lie beyond a change of the clocks.
	for (let i = 0; i < 2; i++) {
		const p = parts(at, zone);
		at += wanted - Date.parse(`${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}Z`);
	}
	return new Date(at).toISOString().replace(".000Z", "Z");
}
