// How an affiliate stands to an offer, and asking for access.
import { useState } from "preact/hooks";
import { api, useChange } from "../../api/client.ts";
import { text } from "../../text/en.ts";
import { Badge } from "../../ui/bits.tsx";
import { AreaField, DialogForm } from "../../ui/form.tsx";
import type { Offer } from "./types.ts";

const t = text.setup.find;

/** Whether an affiliate may promote an offer, or has asked to. */
export type Standing = "approved" | "none" | "requested" | "rejected";

/** How the affiliate who is signed in stands to an offer. */
export const standing = (o: Offer): Standing => o.my_access ?? "approved";

const tones = { approved: "good", none: "mute", requested: "warn", rejected: "bad" } as const;

/** A standing, in words. */
export function Stands({ of }: { of: Standing }) {
	return <Badge tone={tones[of]}>{t.standings[of]}</Badge>;
}

/** Asks the network for access to an offer. */
export function AskAccess({ offer, onClose }: { offer: Offer; onClose: () => void }) {
	const [note, setNote] = useState("");
	const ask = useChange(
		() =>
			api.POST("/api/v1/offers/{id}/access", {
				params: { path: { id: offer.id ?? 0 } },
				body: { note: note.trim() || undefined },
			}),
		{ touches: ["offers"], done: t.asked(offer.name ?? ""), quiet: true },
	);
	const submit = async () => {
		if (await ask.run()) onClose();
	};
	return (
		<DialogForm
			title={t.askFor(offer.name ?? "")}
			submit={t.ask}
			change={ask}
			onSubmit={submit}
			onClose={onClose}
		>
			<p>{t.askLead}</p>
			<AreaField label={t.note} name="note" hint={t.noteHint} value={note} onValue={setNote} rows={4} />
		</DialogForm>
	);
}
