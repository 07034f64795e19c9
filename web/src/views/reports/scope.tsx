import type { ComponentChildren } from "preact";
import { side, zone } from "../../lib/session.ts";
import { PeriodControl, type Put } from "./control.tsx";
import { Filters } from "./filters.tsx";
import type { Report } from "./query.ts";
import { queryOfReport, reportOf } from "./query.ts";

/** What a tab is shown for, and how it is changed in the address. */
export function tabReport(
	query: URLSearchParams,
	go: (query: URLSearchParams) => void,
	tab: string,
): [Report, Put] {
	const report = reportOf(query, side.value);
	const put: Put = (change) => {
		const next = queryOfReport({ ...report, ...change }, side.value);
		next.set("tab", tab);
		const show = query.get("show");
		if (show) next.set("show", show);
		go(next);
	};
	return [report, put];
}

/** The period and the filters of a tab. */
export function Scope({ report, put, children }: { report: Report; put: Put; children?: ComponentChildren }) {
	return (
		<section class="card report-card row">
			<PeriodControl report={report} put={put} />
			{children}
			<Filters
				report={report}
				zone={report.tz || zone.value}
				onFilters={(filters) => put({ filters })}
				plain
			/>
		</section>
	);
}
