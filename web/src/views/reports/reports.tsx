import { useSearchParams } from "wouter-preact";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Page, TabLinks } from "../../ui/page.tsx";
import { CapsView } from "./caps.tsx";
import { CohortView } from "./cohort.tsx";
import { DelayView } from "./delay.tsx";
import { ReportActions, ReportView } from "./report.tsx";
import "./reports.css";

const t = text.reports;
const views = { report: ReportView, caps: CapsView, delay: DelayView, cohort: CohortView };
const tabs = ["report", "caps", "delay", "cohort"] as const;

/** Reports of every kind. */
export default function Reports() {
	const [query, setQuery] = useSearchParams();
	const tab = tabs.find((x) => x === query.get("tab")) ?? "report";
	const go = (next: URLSearchParams) => setQuery(next);
	const View = views[tab];
	return (
		<Page
			title={t.title}
			lead={t.lead}
			actions={tab === "report" ? <ReportActions query={query} go={go} /> : undefined}
		>
			<TabLinks
				label={t.tabs}
				at={tab === "report" ? "/reports" : `/reports?tab=${tab}`}
				tabs={tabs.map((x) => ({ to: x === "report" ? "/reports" : `/reports?tab=${x}`, label: t.tab[x] }))}
			/>
			<View key={side.value} query={query} go={go} />
		</Page>
	);
}
