import { useSearchParams } from "wouter-preact";
import { text } from "../../text/en.ts";
import { Page, TabLinks } from "../../ui/page.tsx";
import { DeadLetters } from "./dead.tsx";
import { DeliveryList } from "./deliverylist.tsx";
import { Jobs } from "./jobs.tsx";

const t = text.lists.deliveries;

// A link with anything that narrows the list leads to it.
const ofPage = ["tab", "subscription_id", "host", "affiliate_id", "advertiser_id", "offer_id", "period"];

/** Postbacks that are owed: those that were given up, and all of them. */
export default function Deliveries() {
	const [query] = useSearchParams();
	const narrowed = [...query.keys()].some((name) => !ofPage.includes(name));
	const tab = query.get("tab") ?? (narrowed ? "all" : "dead");
	return (
		<Page title={t.title} lead={t.lead}>
			<TabLinks
				label={text.lists.tabs}
				at={`/deliveries?tab=${tab}`}
				tabs={[
					{ to: "/deliveries?tab=dead", label: t.dead },
					{ to: "/deliveries?tab=all", label: t.all },
					{ to: "/deliveries?tab=jobs", label: t.jobs },
				]}
			/>
			{tab === "all" ? <DeliveryList /> : tab === "jobs" ? <Jobs /> : <DeadLetters />}
		</Page>
	);
}
