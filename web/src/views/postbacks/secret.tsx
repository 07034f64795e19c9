// The secret that signs: shown once when it is made, and renewed.
import { useState } from "preact/hooks";
import { api, useChange } from "../../api/client.ts";
import { text } from "../../text/en.ts";
import { Code } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { SpanField } from "../../ui/fields.tsx";
import { Fielded } from "../../ui/form.tsx";
import { Notice } from "../../ui/notice.tsx";

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
		<Dialog
			title={t.rotateTitle}
			onClose={onClose}
			onSubmit={async () => setSecret((await renew.run())?.secret ?? "")}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button primary type="submit" busy={renew.busy}>
						{t.rotateYes}
					</Button>
				</>
			}
		>
			<Fielded problem={renew.problem}>
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
				{renew.problem && renew.problem.places.length === 0 && (
					<Notice tone="bad">{renew.problem.message}</Notice>
				)}
			</Fielded>
		</Dialog>
	);
}
