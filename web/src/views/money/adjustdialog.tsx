// The dialog by which a partner's balance is corrected.
import { useMemo, useRef, useState } from "preact/hooks";
import { api, type Schema, useChange } from "../../api/client.ts";
import { micros } from "../../lib/decimal.ts";
import { money } from "../../lib/format.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { AmountField, ComboField, PickField, RadioField } from "../../ui/fields.tsx";
import { AreaField, Fielded, SelectField } from "../../ui/form.tsx";
import { Notice } from "../../ui/notice.tsx";
import { sentence } from "../lists/words.ts";
import { booksOf } from "../work/books.ts";
import { turned } from "./pay.ts";
import { useBalances } from "./standings.tsx";

const t = text.adjustments.dialog;

type Kind = Schema["Adjustment"]["kind"];

/** With what the dialog begins. */
export type Begin = {
	party: "affiliate" | "advertiser";
	id: string;
	kind: Kind;
	currency?: string;
	amount?: string;
};

const kindsOf = { affiliate: ["bonus", "correction"], advertiser: ["payment", "correction"] } as const;

/** What else changes with a balance. */
export const touched = ["adjustments", "balances", "payouts", "entries"];

/** Asks whose balance is corrected, by how much, and why. */
export function AdjustDialog({ begin, onClose }: { begin: Begin; onClose: () => void }) {
	const [party, setParty] = useState(begin.party);
	const [id, setId] = useState(begin.id);
	const [kind, setKind] = useState<Kind>(begin.kind);
	const [less, setLess] = useState(false);
	const [amount, setAmount] = useState(begin.amount ?? "");
	const [currency, setCurrency] = useState(begin.currency ?? "");
	const [note, setNote] = useState("");
	const balances = useBalances();
	const books = useMemo(() => booksOf(balances.data ?? []), [balances.data]);
	const own = books.filter((b) => b.party === party && String(b.id) === id).map((b) => b.currency);
	const usual = [...new Set([...own, ...books.map((b) => b.currency), "USD"])];
	const unit = currency || usual[0] || "USD";
	const turns = kind !== "bonus"; // which only gives
	const negative = turns && less;
	// The same key as long as the same is asked for, so that a repetition books once.
	const keyed = useRef({ of: "", key: "" });
	const make = useChange(
		() => {
			const body = {
				...(party === "affiliate" ? { affiliate_id: Number(id) } : { advertiser_id: Number(id) }),
				kind,
				amount: { amount: negative ? turned(amount) : amount, currency: unit },
				note: note.trim(),
			};
			const of = JSON.stringify(body);
			if (keyed.current.of !== of) keyed.current = { of, key: `adjust-${Date.now()}-${Math.random()}` };
			const header = { "Idempotency-Key": keyed.current.key };
			return api.POST("/api/v1/adjustments", { params: { header }, body });
		},
		{ touches: touched, done: t.done, quiet: true },
	);
	const size = micros(amount);
	const ready = id !== "" && size !== undefined && size > 0n && note.trim() !== "";
	const submit = async () => {
		if (ready && (await make.run())) onClose();
	};
	const written = ready || (size && size > 0n) ? money(amount, unit) : "";
	return (
		<Dialog
			title={kind === "payment" ? t.titlePayment : t.title}
			onClose={onClose}
			onSubmit={() => void submit()}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button primary type="submit" busy={make.busy} disabled={!ready}>
						{t.submit[kind as "bonus" | "payment" | "correction"]}
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
				<div class="grid-2">
					<SelectField
						label={t.party}
						value={party}
						onValue={(v) => {
							const next = v as Begin["party"];
							setParty(next);
							setId("");
							setKind(kindsOf[next][0]);
						}}
						choices={(["affiliate", "advertiser"] as const).map((p) => ({ value: p, label: t.parties[p] }))}
					/>
					<PickField kind={party} label={text.pick[party]} name={`${party}_id`} value={id} onValue={setId} />
				</div>
				<RadioField
					label={text.adjustments.kind}
					name="kind"
					value={kind}
					onValue={(v) => setKind(v as Kind)}
					choices={kindsOf[party].map((k) => ({
						value: k,
						label: text.adjustments.kinds[k],
						hint: t.hints[party]?.[k],
					}))}
				/>
				{turns && (
					<SelectField
						label={t.direction}
						value={less ? "less" : "more"}
						onValue={(v) => setLess(v === "less")}
						choices={(["more", "less"] as const).map((d) => ({ value: d, label: t.directions[party][d] }))}
					/>
				)}
				<div class="grid-2">
					<AmountField label={t.amount} name="amount" value={amount} onValue={setAmount} unit={unit} />
					<ComboField
						label={text.payouts.due.currency}
						value={unit}
						onValue={(c) => setCurrency(c.toUpperCase().slice(0, 3))}
						options={usual.map((c) => ({ value: c, label: c }))}
						free
					/>
				</div>
				<AreaField
					label={text.adjustments.note}
					name="note"
					hint={t.noteHint[party]}
					rows={2}
					value={note}
					onValue={(v) => setNote(v.slice(0, 1000))}
				/>
				<p class="mute small">
					{written && `${t.means[party][negative ? "less" : "more"](written)} `}
					{t.lasting}
				</p>
			</Fielded>
		</Dialog>
	);
}
