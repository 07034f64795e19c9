// The dialog by which one conversion's status or amount is changed.
import { useState } from "preact/hooks";
import { api, type Schema, useChange } from "../../api/client.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { AreaField, SelectField, TextField } from "../../ui/form.tsx";
import { Notice } from "../../ui/notice.tsx";
import { toast } from "../../ui/toast.tsx";
import { canUndo, type Target, waysFrom } from "./review.ts";
import { sentence } from "./words.ts";

const t = text.lists.change;

type Conversion = Schema["WholeConversion"];
type Change = Schema["ConversionChange"];

// A change that is refused is answered by a verdict, which says why in words.
async function send(c: { id: string; version?: number }, body: Change) {
	const got = await api.PATCH("/api/v1/conversions/{id}", {
		params: { path: { id: c.id }, header: c.version ? { "If-Match": `"${c.version}"` } : {} },
		body,
	});
	const verdict = got.error as { code?: string; message?: string } | undefined;
	return verdict?.code && verdict.message
		? { ...got, error: { type: verdict.code, detail: sentence(verdict.message) } }
		: got;
}

/** Whether anything of a conversion may be changed. */
export const changeable = (c: Conversion): boolean => c.status !== "paid";

type DialogProps = { of: Conversion; to?: Target; onClose: () => void };

/** Asks what is to be changed, and why. */
export function ChangeDialog({ of: c, to, onClose }: DialogProps) {
	const [status, setStatus] = useState<string>(to ?? "");
	const [amount, setAmount] = useState(c.amount_known ? c.amount.amount : "");
	const [note, setNote] = useState("");
	const touches = ["conversions", "entries", "signals", "deliveries", "balances", "trace"];
	const change = useChange((body: Change) => send(c, body), { touches, quiet: true });
	const back = useChange((body: Change) => send({ id: c.id }, body), { touches, done: t.undone });
	const newAmount = amount.trim() !== "" && amount.trim() !== (c.amount_known ? c.amount.amount : "");
	const save = async () => {
		const body: Change = {};
		if (status) body.status = status as Target;
		if (newAmount) body.amount = { amount: amount.trim(), currency: c.amount.currency };
		if (note.trim()) body.note = note.trim();
		const verdict = await change.run(body);
		if (!verdict) return;
		onClose();
		if (verdict.status === "queued") toast(t.queued);
		else if (verdict.status === "duplicate") toast(t.nothing);
		else if (status && !newAmount && canUndo(c.status, status as Target))
			toast(t.now(text.status[status as Target].toLowerCase()), {
				about: `conversion ${c.id}`,
				undo: () => void back.run({ status: c.status as Target, note: t.undoNote }),
			});
		else toast(t.done);
	};
	const conflict = change.problem?.status === 412 || change.problem?.kind === "conflict";
	return (
		<Dialog
			title={to ? t.titles[to] : t.title}
			onClose={onClose}
			onSubmit={save}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button
						primary
						danger={status === "rejected"}
						type="submit"
						busy={change.busy}
						disabled={!status && !newAmount}
					>
						{status ? t.titles[status as Target] : t.save}
					</Button>
				</>
			}
		>
			<div class="stack">
				{change.problem && (
					<Notice tone="bad" live>
						{conflict ? t.meanwhile : change.problem.message}
					</Notice>
				)}
				{!to && (
					<SelectField
						label={text.lists.fields.status}
						hint={t.ways[c.status as keyof typeof t.ways]}
						value={status}
						onValue={setStatus}
						choices={[
							{
								value: "",
								label: t.asItIs(text.status[c.status as keyof typeof text.status] ?? c.status),
							},
							...waysFrom(c.status).map((s) => ({ value: s, label: text.status[s] })),
						]}
					/>
				)}
				{!to && (
					<TextField
						label={t.amount(c.amount.currency)}
						name="amount"
						hint={t.amountHint}
						inputMode="decimal"
						value={amount}
						onValue={setAmount}
						error={change.problem?.at("amount")}
					/>
				)}
				<AreaField
					label={`${text.lists.review.note} (${text.common.optional})`}
					hint={text.lists.review.noteHint}
					rows={2}
					value={note}
					onValue={(v) => setNote(v.slice(0, 1000))}
				/>
				{status && (
					<p class="mute small">
						{canUndo(c.status, status as Target) ? text.lists.review.undoable : t.lasting}
					</p>
				)}
			</div>
		</Dialog>
	);
}
