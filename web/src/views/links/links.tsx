import { useCallback } from "preact/hooks";
import { side } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Page } from "../../ui/page.tsx";
import { Builder, type Built, unbuilt } from "./builder.tsx";
import { ShortLinks } from "./shortlinks.tsx";

const t = text.links;

/** Makes tracking links, and shows the short ones there are. */
export default function Links() {
	const [{ code = "", q = "", ...state }, set] = useUrlState<Record<string, string>>({
		...unbuilt,
		code: "",
		q: "",
	});
	const onBuilt = useCallback((b: Built) => set(b, { replace: true }), [set]);
	return (
		<Page title={t.title} lead={t.lead}>
			<div class="stack loose">
				<Builder built={state as Built} onBuilt={onBuilt} />
				{side.value !== "advertiser" && (
					<ShortLinks
						offer={Number(state.offer) || undefined}
						affiliate={Number(state.affiliate) || undefined}
						code={code}
						onAll={() => set({ code: "" })}
						q={q}
						onQ={(typed) => set({ q: typed }, { replace: true })}
					/>
				)}
			</div>
		</Page>
	);
}
