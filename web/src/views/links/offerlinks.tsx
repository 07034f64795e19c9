import { useCallback } from "preact/hooks";
import { side } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { Builder, type Built, unbuilt } from "./builder.tsx";
import { ShortLinks } from "./shortlinks.tsx";

/** The links of one offer, within its page. */
export default function OfferLinks({ offerId }: { offerId: number }) {
	const [{ q = "", ...state }, set] = useUrlState<Record<string, string>>({ ...unbuilt, q: "" });
	const onBuilt = useCallback((b: Built) => set({ ...b, offer: "" }, { replace: true }), [set]);
	return (
		<div class="stack loose">
			<Builder fixed built={{ ...state, offer: String(offerId) } as Built} onBuilt={onBuilt} />
			{side.value !== "advertiser" && (
				<ShortLinks
					offer={offerId}
					affiliate={Number(state.affiliate) || undefined}
					q={q}
					onQ={(typed) => set({ q: typed }, { replace: true })}
				/>
			)}
		</div>
	);
}
