import { zone } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Download } from "../../ui/download.tsx";
import type { Bar, Narrowing } from "./filters.tsx";
import { factsOf, stringOf } from "./query.ts";

/** Downloads all that a list holds, not only what is shown. */
export function Csv({ bar, of, list }: { bar: Bar; of: Narrowing; list: string }) {
	const facts = factsOf(of.query, bar, zone.value);
	const lacks = "lacks" in facts ? bar.fields.find((f) => f.name === facts.lacks)?.label : undefined;
	return (
		<Download
			label={text.lists.csv}
			name={`${list}.csv`}
			path={`/api/v1/${list}?${stringOf({ ...("asked" in facts ? facts.asked : {}), format: "csv" })}`}
			disabled={lacks ? text.lists.csvLacks(lacks) : undefined}
		/>
	);
}
