import { useEffect, useState } from "preact/hooks";
import { api, type Reading, type Schema, useRead } from "../../api/client.ts";
import { nodeUrl } from "../../lib/place.ts";
import { viewing } from "../../lib/session.ts";
import { queryOf } from "../../lib/url.ts";

/** Overview is today so far, beside the days before, and how everything stands. */
export type Overview = Schema["Overview"];

// How often it is asked for where no stream brings it.
const every = 5_000;

/**
 * The overview, kept up to date by the node. A stream cannot say through whose
 * eyes one looks, nor does every proxy let one through: then it is asked for.
 */
export function useOverview(tz: string, currency: string): Reading<Overview> & { live: boolean } {
	const [streamed, setStreamed] = useState<Overview>();
	const [live, setLive] = useState(false);
	const query = { tz, ...(currency ? { currency } : {}) };
	const stream = viewing.value === null;
	const asked = useRead(
		["overview", tz, currency],
		(signal) => api.GET("/api/v1/overview", { params: { query }, signal }),
		live ? {} : { every },
	);
	useEffect(() => {
		setStreamed(undefined);
		if (!stream) return;
		const source = new EventSource(`${nodeUrl}/api/v1/overview/live${queryOf(query)}`, {
			withCredentials: true,
		});
		source.addEventListener("overview", (e) => {
			setStreamed(JSON.parse((e as MessageEvent<string>).data) as Overview);
			setLive(true);
		});
		source.onerror = () => setLive(false);
		return () => {
			source.close();
			setLive(false);
		};
	}, [tz, currency, stream]);
	return { ...asked, data: streamed ?? asked.data, loading: asked.loading && !streamed, live };
}
