// Whose a subscription is, and what it is called.
import { api, type Schema, useRead } from "../../api/client.ts";
import { text } from "../../text/en.ts";
import { Named } from "../../ui/named.tsx";

/** Whose a subscription is. */
export function Owner({ of: o, plain }: { of: Schema["Owner"] | undefined; plain?: boolean }) {
	if (o?.affiliate_id) return <Named kind="affiliate" id={o.affiliate_id} plain={plain} />;
	if (o?.advertiser_id) return <Named kind="advertiser" id={o.advertiser_id} plain={plain} />;
	return <>{text.lists.parties.network}</>;
}

/** What a subscription is called: by its name, else by where it leads. */
export function useSubscriptionName(id: number | undefined): string | undefined {
	const one = useRead(
		["destinations", "name", id],
		(signal) => api.GET("/api/v1/destinations/{id}", { params: { path: { id: id ?? 0 } }, signal }),
		{ enabled: id !== undefined, keep: false },
	);
	return one.data?.name || one.data?.host;
}

/** A subscription by its name. */
export function SubscriptionName({ id }: { id: number }) {
	return <>{useSubscriptionName(id) ?? text.lists.dead.subscription(id)}</>;
}
