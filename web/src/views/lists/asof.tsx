import { clock } from "../../lib/format.ts";
import { text } from "../../text/en.ts";

/** Up to when a list of facts holds everything. */
export function AsOf({ at }: { at: string | undefined }) {
	return at ? <span title={at}>{text.lists.asOf(clock(at))}</span> : null;
}
