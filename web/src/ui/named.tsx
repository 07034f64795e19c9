import { Link } from "wouter-preact";
import { useRead } from "../api/client.ts";
import { type Kind, nameOf, useFirst } from "../api/found.ts";
import { type Side, side } from "../lib/session.ts";
import { text } from "../text/en.ts";
import { Said } from "./said.tsx";

// Whose names a side may know. Of the others it knows the numbers.
const knows: Record<Side, Kind[]> = {
	network: ["offer", "affiliate", "advertiser"],
	advertiser: ["offer"],
	affiliate: ["offer"],
};

/** The name of an offer, an affiliate or an advertiser by its number. */
export function useName(kind: Kind, id: number | undefined): string | undefined {
	const known = Boolean(id) && knows[side.value].includes(kind);
	const all = useFirst(kind, known);
	const listed = all.data?.data?.find((r) => r.id === id)?.name;
	const one = useRead([`${kind}s`, "name", String(id)], () => nameOf(kind, Number(id)), {
		enabled: known && all.data !== undefined && listed === undefined,
		keep: false,
	});
	return listed ?? one.data?.name;
}

/** An offer, an affiliate or an advertiser by its name, which leads to it where one may go there. */
export function Named({ kind, id, plain }: { kind: Kind; id: number | undefined; plain?: boolean }) {
	const name = useName(kind, id);
	if (!id) return <span class="mute">–</span>;
	const shown = name ?? `${text.pick[kind]} ${id}`;
	if (plain || !knows[side.value].includes(kind)) return <Said of={shown} />;
	return (
		<Link href={`/${kind}s/${id}`} title={`#${id}`}>
			<Said of={shown} />
		</Link>
	);
}
