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

/** Text as Said shows it; anything else as it is. */
export const said = <T,>(what: T) => (typeof what === "string" ? <Said of={what} /> : what);
