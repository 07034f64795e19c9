import { Plus, Target } from "lucide-preact";
import { useState } from "preact/hooks";
import { api, useChange, useRead } from "../../../api/client.ts";
import { useEdit } from "../../../api/edit.ts";
import { ifMatch, type Tagged, tagged } from "../../../api/record.ts";
import { may, side } from "../../../lib/session.ts";
import { text } from "../../../text/en.ts";
import { Button } from "../../../ui/button.tsx";
import { Dialog } from "../../../ui/dialog.tsx";
import { EditForm } from "../../../ui/edit.tsx";
import { RadioField } from "../../../ui/fields.tsx";
import { CheckField, DialogForm, SelectField, TextField } from "../../../ui/form.tsx";
import { Empty, Failed, Read } from "../../../ui/notice.tsx";
import { Card } from "../../../ui/page.tsx";
import { said } from "../../../ui/said.tsx";
import { type Column, Table } from "../../../ui/table.tsx";
import { sent } from "../newoffer.tsx";
import { PriceFields, priceWords } from "../pricefields.tsx";
import type { Goal, Offer } from "../types.ts";
import { useGoals } from "./overview.tsx";
import { offerWords } from "./words.ts";

const t = text.setup.goals;

/** The steps of an offer that are counted, and what each earns. */
export function OfferGoals({ record }: { record: Tagged<Offer> }) {
	const o = record.value;
	const goals = useGoals(o.id ?? 0);
	const [open, setOpen] = useState<number | "new">();
	const network = side.value === "network";
	const write = network && may("write");
	const own = (g: Goal, of: "payout" | "revenue") =>
		g[of] ? (
			priceWords(g[of], o.currency)
		) : (
			<span class="mute">{t.asOffer(priceWords(o[of], o.currency))}</span>
		);
	const columns: Column<Goal>[] = [
		{
			key: "name",
			phone: "title",
			head: t.name,
			cell: (g) =>
				write ? (
					<button type="button" class="link" onClick={() => setOpen(g.id)}>
						{said(g.name || g.code)}
					</button>
				) : (
					g.name || g.code
				),
		},
		{ key: "code", phone: "aside", head: t.code, cell: (g) => <code>{said(g.code)}</code> },
		...(side.value !== "advertiser"
			? [{ key: "payout", head: text.setup.offers.payout, end: true, cell: (g: Goal) => own(g, "payout") }]
			: []),
		...(side.value !== "affiliate"
			? [
					{
						key: "revenue",
						head: network ? text.setup.offers.revenue : text.setup.offers.cost,
						end: true,
						cell: (g: Goal) => own(g, "revenue"),
					},
				]
			: []),
		{ key: "dedupe", head: t.counts, cell: (g) => t.dedupes[g.dedupe].label },
		...(side.value !== "affiliate"
			? [{ key: "repeat", head: t.repeat, cell: (g: Goal) => t.repeats[g.on_repeat].label }]
			: []),
	];
	return (
		<Card
			flush
			title={t.title}
			actions={
				write && (
					<Button small onClick={() => setOpen("new")}>
						<Plus aria-hidden />
						{t.create}
					</Button>
				)
			}
			footer={<p class="mute small">{t.lead}</p>}
		>
			{goals.problem && !goals.data ? (
				<Failed problem={goals.problem} again={goals.again} />
			) : (
				<Table
					stack
					caption={t.title}
					columns={columns}
					rows={(goals.data?.data ?? []) as Goal[]}
					rowKey={(g) => g.id ?? 0}
					onRow={write ? (g) => setOpen(g.id) : undefined}
					loading={goals.loading}
					empty={<Empty icon={Target} title={t.empty} />}
				/>
			)}
			{open === "new" && <NewGoal offer={o} onClose={() => setOpen(undefined)} />}
			{typeof open === "number" && <EditGoal offer={o} id={open} onClose={() => setOpen(undefined)} />}
		</Card>
	);
}

function NewGoal({ offer, onClose }: { offer: Offer; onClose: () => void }) {
	const [g, setGoal] = useState<Goal>({ dedupe: "once", on_repeat: "ignore", partner_may_set_payout: false });
	const make = useChange(
		() =>
			api.POST("/api/v1/offers/{offer_id}/goals", {
				params: { path: { offer_id: offer.id ?? 0 } },
				body: {
					...g,
					name: g.name || undefined,
					code: g.code ?? "",
					default_status: g.default_status || undefined,
					payout: g.payout && sent(g.payout),
					revenue: g.revenue && sent(g.revenue),
				} as never,
			}),
		{ touches: ["offers"], done: t.made, quiet: true },
	);
	const submit = async () => {
		if (await make.run()) onClose();
	};
	return (
		<DialogForm wide title={t.create} submit={t.submit} change={make} onSubmit={submit} onClose={onClose}>
			<GoalFields offer={offer} goal={g} set={(change) => setGoal({ ...g, ...change })} />
		</DialogForm>
	);
}

function EditGoal({ offer, id, onClose }: { offer: Offer; id: number; onClose: () => void }) {
	const path = { offer_id: offer.id ?? 0, id };
	const goal = useRead(
		["offers", String(offer.id), "goals", id],
		(signal) => tagged(api.GET("/api/v1/offers/{offer_id}/goals/{id}", { params: { path }, signal })),
		{ keep: false },
	);
	return (
		<Dialog wide title={goal.data?.value.name || goal.data?.value.code || t.one} onClose={onClose}>
			<Read of={goal}>{(g) => <GoalForm offer={offer} record={g} path={path} />}</Read>
		</Dialog>
	);
}

function GoalForm(props: { offer: Offer; record: Tagged<Goal>; path: { offer_id: number; id: number } }) {
	const { offer, record, path } = props;
	const edit = useEdit<Goal>(record, {
		send: (patch, etag) =>
			api.PATCH("/api/v1/offers/{offer_id}/goals/{id}", {
				params: { path, header: ifMatch(etag) },
				body: patch as never,
			}),
		reread: () => api.GET("/api/v1/offers/{offer_id}/goals/{id}", { params: { path } }),
		touches: ["offers"],
	});
	return (
		<EditForm edit={edit} label={t.one} names={text.setup.fieldNames} words={offerWords(offer.currency)}>
			<GoalFields offer={offer} goal={edit.draft} set={edit.set} first={record.value.code === "default"} />
		</EditForm>
	);
}

type FieldsProps = { offer: Offer; goal: Goal; set: (change: Partial<Goal>) => void; first?: boolean };

function GoalFields({ offer: o, goal: g, set, first }: FieldsProps) {
	const currency = o.currency ?? "USD";
	return (
		<div class="stack">
			<div class="grid-2">
				<TextField
					label={t.name}
					name="name"
					value={g.name ?? ""}
					onValue={(name) => set({ name })}
					hint={t.nameHint}
				/>
				<TextField
					label={t.code}
					name="code"
					code
					value={g.code ?? ""}
					onValue={(code) => set({ code })}
					disabled={first}
					hint={first ? t.codeFirst : t.codeHint(g.code || "deposit")}
				/>
			</div>
			<PriceFields
				name="payout"
				label={text.setup.newOffer.payout}
				value={g.payout}
				onValue={(payout) => set({ payout: payout as Goal["payout"] })}
				currency={currency}
				open={t.asOffer(priceWords(o.payout, currency))}
			/>
			<PriceFields
				name="revenue"
				label={text.setup.newOffer.revenue}
				value={g.revenue}
				onValue={(revenue) => set({ revenue: revenue as Goal["revenue"] })}
				currency={currency}
				open={t.asOffer(priceWords(o.revenue, currency))}
			/>
			<CheckField
				name="partner_may_set_payout"
				label={t.partner}
				hint={t.partnerHint}
				value={g.partner_may_set_payout}
				onValue={(partner_may_set_payout) => set({ partner_may_set_payout })}
			/>
			<div class="grid-2">
				<RadioField
					label={t.counts}
					name="dedupe"
					value={g.dedupe}
					onValue={(dedupe) => set({ dedupe: dedupe as Goal["dedupe"] })}
					choices={(["once", "per_order", "every"] as const).map((value) => ({ value, ...t.dedupes[value] }))}
				/>
				<RadioField
					label={t.repeat}
					name="on_repeat"
					value={g.on_repeat}
					onValue={(on_repeat) => set({ on_repeat: on_repeat as Goal["on_repeat"] })}
					choices={(["ignore", "update", "conflict"] as const).map((value) => ({
						value,
						...t.repeats[value],
					}))}
				/>
			</div>
			<SelectField
				label={t.status}
				name="default_status"
				hint={t.statusHint}
				value={g.default_status ?? ""}
				onValue={(status) => set({ default_status: (status || undefined) as Goal["default_status"] })}
				choices={[
					{ value: "", label: t.asOffer(text.status[o.default_status ?? "approved"]) },
					{ value: "approved", label: text.status.approved },
					{ value: "pending", label: text.status.pending },
					{ value: "hold", label: text.status.hold },
				]}
			/>
		</div>
	);
}
