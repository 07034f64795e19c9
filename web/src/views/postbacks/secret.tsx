// The secret that signs: shown once when it is made, and renewed.
import { useState } from "preact/hooks";
import { api, useChange } from "../../api/client.ts";
import { text } from "../../text/en.ts";
import { Code } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { SpanField } from "../../ui/fields.tsx";
import { DialogForm } from "../../ui/form.tsx";

const t = text.postbacks.one;

/** A secret, the one time that it is shown. */
export function NewSecret({
	secret,
	renewed,
	onClose,
}: {
	secret: string;
	renewed?: boolean;
	onClose: () => void;
}) {
	return (
		<Dialog
			title={renewed ? t.rotated : t.secretShown}
			onClose={onClose}
			footer={
				<Button primary onClick={onClose}>
					{t.understood}
				</Button>
			}
		>
			<p>{renewed ? t.rotatedHint : t.secretShownHint}</p>
			<Code of={secret} wrap label={t.secretShown} />
		</Dialog>
	);
}

/** Renews the secret of a postback, and shows the new one. */
export function RenewSecret({ id, signs, onClose }: { id: number; signs: boolean; onClose: () => void }) {
	const [keep, setKeep] = useState("24h");
	const [secret, setSecret] = useState("");
	const renew = useChange(
		() =>
			api.POST("/api/v1/postbacks/{id}/rotate-secret", {
				params: { path: { id } },
				body: { keep: keep || "0s" },
			}),
		{ touches: ["postbacks"] },
	);
	if (secret) return <NewSecret secret={secret} renewed onClose={onClose} />;
	return (
		<DialogForm
			title={t.rotateTitle}
			submit={t.rotateYes}
			change={renew}
			onSubmit={async () => setSecret((await renew.run())?.secret ?? "")}
			onClose={onClose}
		>
			{signs && (
				<SpanField
					name="keep"
					label={t.rotateKeep}
					hint={t.rotateKeepHint}
					unit="h"
					value={keep}
					onValue={setKeep}
				/>
			)}
		</DialogForm>
	);
}
