import { side } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Notice } from "../../ui/notice.tsx";
import { Page, TabLinks } from "../../ui/page.tsx";
import { Due } from "./due.tsx";
import { Made } from "./made.tsx";
import "../lists/lists.css";
import "../work/work.css";
import "./money.css";
import { Standings } from "./standings.tsx";

const t = text.payouts;
const tabs = ["due", "made"] as const;

/** What affiliates are to be paid, and what was. */
export default function Payouts() {
	const [f] = useUrlState({ tab: "due" });
	if (side.value !== "network")
		return (
			<Page title={t.title} lead={t.lead[side.value]}>
				<div class="stack">
					{side.value === "affiliate" && <Standings />}
					<Made />
				</div>
			</Page>
		);
	const tab = tabs.find((one) => one === f.tab) ?? "due";
	const path = (one: string) => (one === "due" ? "/payouts" : `/payouts?tab=${one}`);
	return (
		<Page title={t.title} lead={t.lead.network}>
			<TabLinks
				label={t.tabs}
				at={path(tab)}
				tabs={tabs.map((one) => ({ to: path(one), label: t.tab[one] }))}
			/>
			{tab === "due" ? (
				<div class="stack">
					<Notice>{t.outside}</Notice>
					<Due />
				</div>
			) : (
				<Made />
			)}
		</Page>
	);
}
