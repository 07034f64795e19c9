import { side } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Page, TabLinks } from "../../ui/page.tsx";
import "./admin.css";
import { ImportConversions } from "./importconversions.tsx";
import { ImportIds } from "./importids.tsx";

const t = text.admin.import;

/** Files of conversions, and of TUNE's numbers. */
export default function Import() {
	const [f] = useUrlState({ of: "conversions" });
	// Numbers of another system are the network's to map.
	const network = side.value === "network";
	const ids = network && f.of === "ids";
	return (
		<Page title={text.nav.import} lead={t.lead}>
			{network && (
				<TabLinks
					label={t.what}
					at={ids ? "/import?of=ids" : "/import"}
					tabs={[
						{ to: "/import", label: t.conversions },
						{ to: "/import?of=ids", label: t.ids },
					]}
				/>
			)}
			{ids ? <ImportIds /> : <ImportConversions />}
		</Page>
	);
}
