import { clock, dateTime } from "../../lib/format.ts";
import { text } from "../../text/en.ts";
import "./notes.css";

const t = text.reports;

/** Up to when everything is counted. */
export function countedTo(asOf: string | undefined | null): string {
	if (!asOf) return t.countedNever;
	const lately = Date.now() - Date.parse(asOf) < 12 * 3_600_000;
	return t.countedTo(lately ? clock(asOf) : dateTime(asOf));
}

/** What to know to read numbers right. */
export function Notes({ of, asOf }: { of: string[]; asOf?: string | null }) {
	if (of.length === 0 && asOf === undefined) return null;
	return (
		<div class="report-notes small">
			{asOf !== undefined && <span class="mute">{countedTo(asOf)}</span>}
			{of.length > 0 && <span class="mute">{t.notes}</span>}
			<ul>
				{of.map((n) => (
					<li key={n}>{n}</li>
				))}
			</ul>
		</div>
	);
}
