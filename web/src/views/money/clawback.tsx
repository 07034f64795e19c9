// The dialog by which what was paid for a conversion is taken back.
import { useRef, useState } from "preact/hooks";
import { api, type Schema, useChange } from "../../api/client.ts";
import { decimal, micros } from "../../lib/decimal.ts";
import { sum } from "../../lib/format.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { AmountField } from "../../ui/fields.tsx";
import { AreaField, Fielded } from "../../ui/form.tsx";
import { Notice } from "../../ui/notice.tsx";
import { sentence } from "../lists/words.ts";
import { touched } from "./adjustdialog.tsx";
import { turned } from "./pay.ts";

const t = text.adjustments.clawback;

type Props = {
	of: { id: string; affiliate_id: number; payout: Schema["Money"] };
	/** What was taken back of it before, each below zero. */
	before: Schema["Money"][];
	onClose: () => void;
};

/** Asks how much of a conversion's payout is taken back, and why. */
export function ClawbackDialog({ of: c, before, onClose }: Props) {
	const left = before.reduce((n, m) => n + (micros(m.amount) ?? 0n), micros(c.payout.amount) ?? 0n);
	const [amount, setAmount] = useState(left > 0n ? decimal(left) : "");
	const [note, setNote] = useState("");
	const key = useRef({ of: "", key: "" });
	const make = useChange(
		() => {
			const body = {
				affiliate_id: c.affiliate_id,
				kind: "clawback" as const,
				conversion_id: c.id,
				amount: { amount: turned(amount), currency: c.payout.currency },
				note: note.trim(),
			};
			const of = JSON.stringify(body);
			if (key.current.of !== of) key.current = { of, key: `clawback-${Date.now()}-${Math.random()}` };
			const header = { "Idempotency-Key": key.current.key };
			return api.POST("/api/v1/adjustments", { params: { header }, body });
		},
		{ touches: [...touched, "conversions"], done: t.done, quiet: true },
	);
	const size = micros(amount);
	const ready = size !== undefined && size > 0n && note.trim() !== "";
	const submit = async () => {
		if (ready && (await make.run())) onClose();
	};
	return (
		<Dialog
			title={t.title}
			onClose={onClose}
			onSubmit={() => void submit()}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button primary danger type="submit" busy={make.busy} disabled={!ready}>
						{t.submit}
					</Button>
				</>
			}
		>
			<Fielded problem={make.problem}>
				{make.problem && make.problem.places.length === 0 && (
					<Notice tone="bad" live>
						{sentence(make.problem.message)}
					</Notice>
				)}
				<p>{t.lead(sum(c.payout))}</p>
				<AmountField
					label={t.amount}
					name="amount"
					hint={before.length > 0 ? t.leftHint(sum({ ...c.payout, amount: decimal(left) })) : undefined}
					value={amount}
					onValue={(v) => {
						setAmount(v);
						make.clear();
					}}
					unit={c.payout.currency}
				/>
				<AreaField
					label={text.adjustments.note}
					name="note"
					hint={text.adjustments.dialog.noteHint.affiliate}
					rows={2}
					value={note}
					onValue={(v) => setNote(v.slice(0, 1000))}
				/>
			</Fielded>
		</Dialog>
	);
}
