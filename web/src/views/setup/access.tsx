import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Card, Page, TabLinks } from "../../ui/page.tsx";
import { Applications } from "./requests.tsx";
import "./setup.css";

const t = text.setup.access;

type Status = "requested" | "approved" | "rejected";

/** Affiliates who ask to promote offers, and what was decided. */
export default function Access() {
	const [f] = useUrlState({ status: "requested" });
	const status: Status = f.status === "approved" || f.status === "rejected" ? f.status : "requested";
	const path = (s: Status) => (s === "requested" ? "/access" : `/access?status=${s}`);
	return (
		<Page title={t.title} lead={t.lead}>
			<TabLinks
				label={text.setup.offers.status}
				at={path(status)}
				tabs={(["requested", "approved", "rejected"] as const).map((s) => ({
					to: path(s),
					label: t.tabs[s],
				}))}
			/>
			<Card flush>
				<Applications
					key={status}
					filter={{ status }}
					caption={t.tabs[status]}
					emptyTitle={t.empties[status]}
					emptyHint={t.emptyHint}
				/>
			</Card>
		</Page>
	);
}
