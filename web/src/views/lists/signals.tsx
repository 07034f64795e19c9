import { useSearchParams } from "wouter-preact";
import { text } from "../../text/en.ts";
import { Page, TabLinks } from "../../ui/page.tsx";
import { Causes } from "./causes.tsx";
import { SignalList } from "./signallist.tsx";

const t = text.lists.signals;

// Parameters that only the list of all signals has: a link with one leads there.
const ofList = ["filter", "to", "status", "q", "transaction_id", "order_id"];

/** Signals: what rejects them, and all of them. */
export default function Signals() {
	const [query] = useSearchParams();
	const all = query.get("tab") === "all" || (!query.has("tab") && ofList.some((name) => query.has(name)));
	return (
		<Page title={t.title} lead={t.lead}>
			<TabLinks
				label={text.lists.tabs}
				at={all ? "/signals?tab=all" : "/signals?tab=causes"}
				tabs={[
					{ to: "/signals?tab=causes", label: t.causes },
					{ to: "/signals?tab=all", label: t.all },
				]}
			/>
			{all ? <SignalList /> : <Causes />}
		</Page>
	);
}
