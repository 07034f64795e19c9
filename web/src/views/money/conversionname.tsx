import { Link } from "wouter-preact";
import { shortId } from "../../lib/shortid.ts";
import { said } from "../../ui/said.tsx";

/** A conversion by its order, or by its ID, leading to it. */
export function ConversionName({ id, order }: { id: string; order?: string | undefined }) {
	return (
		<Link href={`/conversions/${encodeURIComponent(id)}`} class={order ? "lead-link" : "id lead-link"}>
			{order ? said(order) : shortId(id)}
		</Link>
	);
}
