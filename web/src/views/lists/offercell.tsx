import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Named } from "../../ui/named.tsx";
import { said } from "../../ui/said.tsx";
import type { Column } from "../../ui/table.tsx";

const f = text.lists.fields;

type Row = { offer_id?: number; affiliate_id?: number; goal?: string };

/** The column of the offer, and below it the affiliate for everybody else. */
export function offerColumn<T extends Row>(): Column<T> {
	const partner = side.value !== "affiliate";
	return {
		key: "offer",
		phone: "wide",
		head: partner ? f.offerAndAffiliate : f.offer,
		width: 230,
		cell: (r) => (
			<>
				<Named kind="offer" id={r.offer_id} />
				{r.goal && r.goal !== "default" && <span class="mute"> · {said(r.goal)}</span>}
				{partner && r.affiliate_id && (
					<div class="small under">
						<Named kind="affiliate" id={r.affiliate_id} />
					</div>
				)}
			</>
		),
	};
}
