import { useState } from "preact/hooks";
import { api, useChange, useRead } from "../../api/client.ts";
import { dateTime } from "../../lib/format.ts";
import { text } from "../../text/en.ts";
import { Badge, Code } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Form, SelectField, TextField } from "../../ui/form.tsx";
import { Notice } from "../../ui/notice.tsx";
import { said } from "../../ui/said.tsx";

const t = text.trace.share;

/** Makes a link by which a partner sees a trace as their own side would, for a while. */
export function ShareDialog({ id, onClose }: { id: string; onClose: () => void }) {
	const [as, setAs] = useState<"advertiser" | "affiliate">("affiliate");
	const [expires, setExpires] = useState("7d");
	const [note, setNote] = useState("");
	const [url, setUrl] = useState("");
	const path = { transaction_id: id };
	const list = useRead(["shares", id], (signal) =>
		api.GET("/api/v1/trace/{transaction_id}/shares", { params: { path }, signal }),
	);
	const make = useChange(
		() =>
			api.POST("/api/v1/trace/{transaction_id}/shares", {
				params: { path },
				body: { as, expires_in: expires, note: note || undefined },
			}),
		{ touches: ["shares"], quiet: true },
	);
	const revoke = useChange(
		(share: number) => api.DELETE("/api/v1/shares/{id}", { params: { path: { id: share } } }),
		{
			touches: ["shares"],
			done: t.revoked,
		},
	);
	const send = async () => {
		const made = await make.run();
		if (made) setUrl(made.url);
	};
	const open = (list.data?.data ?? []).filter((s) => !s.revoked_at && Date.parse(s.expires_at) > Date.now());
	return (
		<Dialog title={t.title} onClose={onClose} footer={<Button onClick={onClose}>{text.common.close}</Button>}>
			<p class="mute">{t.lead}</p>
			<Form problem={make.problem} onSubmit={send}>
				<div class="grid-2">
					<SelectField
						label={t.as}
						name="as"
						value={as}
						onValue={(v) => setAs(v as typeof as)}
						choices={[
							{ value: "affiliate", label: t.affiliate },
							{ value: "advertiser", label: t.advertiser },
						]}
					/>
					<SelectField
						label={t.expires}
						name="expires_in"
						value={expires}
						onValue={setExpires}
						choices={["1d", "7d", "30d"].map((v) => ({ value: v, label: t.days[v as keyof typeof t.days] }))}
					/>
				</div>
				<TextField
					label={`${t.note} (${text.common.optional})`}
					name="note"
					value={note}
					onValue={setNote}
					maxLength={200}
				/>
				<div>
					<Button primary type="submit" busy={make.busy}>
						{t.make}
					</Button>
				</div>
			</Form>
			{url && (
				<Notice tone="good" live>
					<p>{t.made}</p>
					<Code of={url} wrap label={t.title} />
				</Notice>
			)}
			{open.length > 0 && (
				<div class="stack tight">
					<h3>{t.open}</h3>
					{open.map((s) => (
						<div key={s.id} class="row between">
							<span>
								<Badge>{s.as}</Badge> {said(s.note)}{" "}
								<span class="mute small">{t.until(dateTime(s.expires_at))}</span>
							</span>
							<Button small danger onClick={() => revoke.run(s.id)} busy={revoke.busy}>
								{t.revoke}
							</Button>
						</div>
					))}
				</div>
			)}
		</Dialog>
	);
}
