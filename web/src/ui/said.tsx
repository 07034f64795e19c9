import type { ComponentChildren } from "preact";
import { isPlain, piecesOf } from "../lib/hidden.ts";
import { text } from "../text/en.ts";

/**
 * What a stranger said, as it is: what is hidden in it is shown, and it does not turn
 * around what stands beside it.
 */
export function Said({ of, lines }: { of: string; lines?: boolean }) {
	if (isPlain(of)) return <>{of}</>;
	return (
		<bdi>
			{piecesOf(of, lines).map((p, i) =>
				"text" in p ? (
					p.text
				) : (
					<span key={i} class="hidden-char" title={text.common.hidden}>
						{p.hidden}
					</span>
				),
			)}
		</bdi>
	);
}

/** Text as Said shows it, alone or among other things; anything else as it is. */
export function said(what: ComponentChildren): ComponentChildren {
	if (typeof what === "string") return <Said of={what} />;
	if (Array.isArray(what) && what.some((one) => typeof one === "string")) return what.map(said);
	return what;
}
