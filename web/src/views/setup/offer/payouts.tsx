import { BadgeDollarSign, Plus } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, useChange, useRead } from "../../../api/client.ts";
import { useEdit } from "../../../api/edit.ts";
import { ifMatch, type Tagged, tagged, wholeList } from "../../../api/record.ts";
import { dateTime } from "../../../lib/format.ts";
import { may } from "../../../lib/session.ts";
import { text } from "../../../text/en.ts";
import { Badge } from "../../../ui/bits.tsx";
import { Button } from "../../../ui/button.tsx";
import { Dialog } from "../../../ui/dialog.tsx";
import { EditForm } from "../../../ui/edit.tsx";
import { ComboField, countries, PickField, TimeField } from "../../../ui/fields.tsx";
import { DialogForm, SelectField, TextField } from "../../../ui/form.tsx";
import { useName } from "../../../ui/named.tsx";
import { Empty, Failed, Notice, Read } from "../../../ui/notice.tsx";
import { Card, Facts } from "../../../ui/page.tsx";
import { said } from "../../../ui/said.tsx";
import { type Column, Table } from "../../../ui/table.tsx";
import { toast } from "../../../ui/toast.tsx";
import { sent } from "../newoffer.tsx";
import { type PriceLike, priced } from "../price.ts";
import { MarginSentence, PriceFields, priceWords } from "../pricefields.tsx";
import type { Goal, Offer, Term } from "../types.ts";
import { useGoals, where } from "./overview.tsx";
import { useOfferEdit } from "./use.ts";
import { offerWords } from "./words.ts";

const t = text.setup.payouts;

/** What an offer pays and earns, and special prices. */
export function OfferPayouts({ record }: { record: Tagged<Offer> }) {
	return (
		<div class="stack loose">
			<div class="grid-2">
				<Usual record={record} />
				<WhichPrice offer={record.value} />
			</div>
			<Terms offer={record.value} />
		</div>
	);
}

function Usual({ record }: { record: Tagged<Offer> }) {
	const edit = useOfferEdit(record);
	const { draft: o, set } = edit;
	const currency = o.currency ?? "USD";
	return (
		<Card title={t.usual}>
			<EditForm edit={edit} label={t.usual} names={text.setup.fieldNames} words={offerWords(currency)}>
				<PriceFields
					name="payout"
					label={text.setup.newOffer.payout}
					value={o.payout}
					onValue={(payout) => set({ payout: payout as Offer["payout"] })}
					currency={currency}
				/>
				<PriceFields
					name="revenue"
					label={text.setup.newOffer.revenue}
					value={o.revenue}
					onValue={(revenue) => set({ revenue: revenue as Offer["revenue"] })}
					currency={currency}
				/>
				<MarginSentence payout={o.payout} revenue={o.revenue} currency={currency} />
				<p class="mute small">{t.usualHint}</p>
			</EditForm>
		</Card>
	);
}

const useTerms = (offerId: number) =>
	useRead(["terms", "offer", offerId], (signal) =>
		wholeList((paging) =>
			api.GET("/api/v1/terms", { params: { query: { offer_id: String(offerId), ...paging } }, signal }),
		),
	);

/** Who a term holds for, in words. */
export function holdsFor(term: Term, affiliate: string | undefined): string {
	return [
		term.affiliate_id ? (affiliate ?? t.affiliate(term.affiliate_id)) : "",
		term.goal ? t.goal(term.goal) : "",
		term.country ? where(term.country) : "",
	]
		.filter(Boolean)
		.join(", ");
}

function HoldsFor({ of: term }: { of: Term }) {
	return <>{said(holdsFor(term, useName("affiliate", term.affiliate_id)) || t.everybody)}</>;
}

/** Whether a term holds at a time. */
export function termState(term: Term, now = Date.now()): "running" | "coming" | "over" {
	if (term.from && Date.parse(term.from) > now) return "coming";
	return term.until && Date.parse(term.until) <= now ? "over" : "running";
}

/** From when to when a term holds. */
export function period(term: Term): string {
	if (term.from && term.until) return t.fromTo(dateTime(term.from), dateTime(term.until));
	if (term.from) return t.from(dateTime(term.from));
	return term.until ? t.until(dateTime(term.until)) : t.always;
}

/** How a term stands now. */
export function TermState({ of }: { of: Term }) {
	const state = termState(of);
	return (
		<Badge tone={state === "running" ? "good" : state === "coming" ? "info" : "mute"}>
			{t.states[state]}
		</Badge>
	);
}

function Terms({ offer: o }: { offer: Offer }) {
	const terms = useTerms(o.id ?? 0);
	const [open, setOpen] = useState<number | "new">();
	const write = may("write");
	const end = useChange(
		(id: number, until: string | null) =>
			api.PATCH("/api/v1/terms/{id}", { params: { path: { id } }, body: { until } as never }),
		{ touches: ["terms"] },
	);
	const endNow = async (term: Term) => {
		const id = term.id ?? 0;
		if (await end.run(id, new Date().toISOString()))
			toast(t.ended, { undo: () => void end.run(id, term.until ?? null) });
	};
	const columns: Column<Term>[] = [
		{
			key: "who",
			phone: "title",
			head: t.who,
			cell: (term) => (
				<button type="button" class="link" onClick={() => setOpen(term.id)}>
					<HoldsFor of={term} />
				</button>
			),
		},
		{ key: "state", phone: "aside", head: text.setup.offers.status, cell: (term) => <TermState of={term} /> },
		{
			key: "payout",
			head: text.setup.offers.payout,
			end: true,
			cell: (term) =>
				term.payout ? priceWords(term.payout, o.currency) : <span class="mute">{t.same}</span>,
		},
		{
			key: "revenue",
			head: text.setup.offers.revenue,
			end: true,
			cell: (term) =>
				term.revenue ? priceWords(term.revenue, o.currency) : <span class="mute">{t.same}</span>,
		},
		{ key: "period", phone: "wide", head: t.period, wrap: true, cell: period },
		{ key: "note", phone: "wide", head: t.note, wrap: true, cell: (term) => term.note ?? "" },
		...(write
			? [
					{
						key: "end",
						head: <span class="visually-hidden">{text.setup.offers.actions}</span>,
						cell: (term: Term) =>
							termState(term) === "running" && (
								<Button small quiet onClick={() => void endNow(term)}>
									{t.endNow}
								</Button>
							),
					},
				]
			: []),
	];
	return (
		<Card
			flush
			title={t.terms}
			actions={
				write && (
					<Button small onClick={() => setOpen("new")}>
						<Plus aria-hidden />
						{t.create}
					</Button>
				)
			}
			footer={<p class="mute small">{t.rule}</p>}
		>
			{terms.problem && !terms.data ? (
				<Failed problem={terms.problem} again={terms.again} />
			) : (
				<Table
					stack
					caption={t.terms}
					columns={columns}
					rows={[...(terms.data ?? [])].reverse()}
					rowKey={(term) => term.id ?? 0}
					loading={terms.loading}
					empty={
						<Empty icon={BadgeDollarSign} title={t.empty}>
							{t.emptyHint}
						</Empty>
					}
				/>
			)}
			{open === "new" && <NewTerm offer={o} onClose={() => setOpen(undefined)} />}
			{typeof open === "number" && <EditTerm offer={o} id={open} onClose={() => setOpen(undefined)} />}
		</Card>
	);
}

type TermProps = { offer: Offer; term: Term; set: (change: Partial<Term>) => void };

function TermFields({ offer: o, term, set }: TermProps) {
	const goals = useGoals(o.id ?? 0);
	const currency = o.currency ?? "USD";
	return (
		<div class="stack">
			<p class="mute">{t.whoHint}</p>
			<div class="grid-3">
				<PickField
					kind="affiliate"
					label={text.pick.affiliate}
					name="affiliate_id"
					value={term.affiliate_id ? String(term.affiliate_id) : ""}
					onValue={(v) => set({ affiliate_id: v ? Number(v) : undefined })}
				/>
				<SelectField
					label={t.goalLabel}
					name="goal"
					value={term.goal ?? ""}
					onValue={(goal) => set({ goal: goal || undefined })}
					choices={[
						{ value: "", label: t.anyGoal },
						...((goals.data?.data ?? []) as Goal[]).map((g) => ({
							value: g.code ?? "",
							label: g.name || g.code || "",
						})),
					]}
				/>
				<ComboField
					label={t.country}
					name="country"
					placeholder={t.anyCountry}
					value={term.country?.toUpperCase() ?? ""}
					onValue={(country) => set({ country: country || undefined })}
					options={countries()}
				/>
			</div>
			<PriceFields
				name="payout"
				label={text.setup.newOffer.payout}
				value={term.payout}
				onValue={(payout) => set({ payout: payout as Term["payout"] })}
				currency={currency}
				open={t.sameAsElse}
			/>
			<PriceFields
				name="revenue"
				label={text.setup.newOffer.revenue}
				value={term.revenue}
				onValue={(revenue) => set({ revenue: revenue as Term["revenue"] })}
				currency={currency}
				open={t.sameAsElse}
			/>
			<MarginSentence
				payout={term.payout ?? o.payout}
				revenue={term.revenue ?? o.revenue}
				currency={currency}
			/>
			<div class="grid-2">
				<TimeField label={t.fromLabel} name="from" value={term.from} onValue={(from) => set({ from })} />
				<TimeField label={t.untilLabel} name="until" value={term.until} onValue={(until) => set({ until })} />
			</div>
			<TextField
				label={t.note}
				name="note"
				hint={t.noteHint}
				value={term.note ?? ""}
				onValue={(note) => set({ note })}
				maxLength={200}
			/>
		</div>
	);
}

function NewTerm({ offer, onClose }: { offer: Offer; onClose: () => void }) {
	const [term, setTerm] = useState<Term>({ payout: offer.payout });
	const make = useChange(
		() =>
			api.POST("/api/v1/terms", {
				body: {
					...term,
					offer_id: offer.id ?? 0,
					from: term.from || undefined,
					until: term.until || undefined,
					note: term.note || undefined,
					payout: term.payout && sent(term.payout),
					revenue: term.revenue && sent(term.revenue),
				} as never,
			}),
		{ touches: ["terms"], done: t.made, quiet: true },
	);
	const submit = async () => {
		if (await make.run()) onClose();
	};
	return (
		<DialogForm wide title={t.create} submit={t.submit} change={make} onSubmit={submit} onClose={onClose}>
			<TermFields offer={offer} term={term} set={(change) => setTerm({ ...term, ...change })} />
		</DialogForm>
	);
}

function EditTerm({ offer, id, onClose }: { offer: Offer; id: number; onClose: () => void }) {
	const term = useRead(
		["terms", id],
		(signal) => tagged(api.GET("/api/v1/terms/{id}", { params: { path: { id } }, signal })),
		{ keep: false },
	);
	return (
		<Dialog wide title={t.one(id)} onClose={onClose}>
			<Read of={term}>{(record) => <TermForm offer={offer} record={record} />}</Read>
		</Dialog>
	);
}

function TermForm({ offer, record }: { offer: Offer; record: Tagged<Term> }) {
	const path = { id: record.value.id ?? 0 };
	const edit = useEdit<Term>(record, {
		send: (patch, etag) =>
			api.PATCH("/api/v1/terms/{id}", { params: { path, header: ifMatch(etag) }, body: patch as never }),
		reread: () => api.GET("/api/v1/terms/{id}", { params: { path } }),
		touches: ["terms"],
	});
	return (
		<EditForm
			edit={edit}
			label={t.one(path.id)}
			names={text.setup.fieldNames}
			words={offerWords(offer.currency)}
		>
			<TermFields offer={offer} term={edit.draft} set={edit.set} />
		</EditForm>
	);
}

// WhichPrice says which price holds for somebody, and why.
function WhichPrice({ offer: o }: { offer: Offer }) {
	const [affiliate, setAffiliate] = useState("");
	const [code, setCode] = useState("default");
	const [country, setCountry] = useState("");
	const goals = useGoals(o.id ?? 0);
	const terms = useTerms(o.id ?? 0);
	const all = (goals.data?.data ?? []) as Goal[];
	const goal = all.find((g) => g.code === code);
	const who = {
		affiliate: Number(affiliate) || undefined,
		goal: code,
		country: country || undefined,
		at: Date.now(),
	};
	const payout = priced<Term>(o, goal, terms.data ?? [], who, "payout");
	const revenue = priced<Term>(o, goal, terms.data ?? [], who, "revenue");
	const by = (p: { by: "term" | "goal" | "offer"; term?: Term }) =>
		p.by === "term"
			? t.byTerm(p.term?.id ?? 0, holdsFor(p.term!, undefined) || t.everybody)
			: p.by === "goal"
				? t.byGoal(goal?.name || code)
				: t.byOffer;
	return (
		<Card title={t.which}>
			<div class="stack">
				<div class="grid-3">
					<PickField kind="affiliate" label={text.pick.affiliate} value={affiliate} onValue={setAffiliate} />
					<SelectField
						label={t.goalLabel}
						value={code}
						onValue={setCode}
						choices={all.map((g) => ({ value: g.code ?? "", label: g.name || g.code || "" }))}
					/>
					<ComboField
						label={t.country}
						placeholder={t.anyCountry}
						value={country}
						onValue={setCountry}
						options={countries()}
					/>
				</div>
				<Facts
					of={[
						[
							text.setup.offers.payout,
							<span key="p">
								<b>{priceWords(payout.price, o.currency)}</b> <span class="mute">({by(payout)})</span>
							</span>,
						],
						[
							text.setup.offers.revenue,
							<span key="r">
								<b>{priceWords(revenue.price, o.currency)}</b> <span class="mute">({by(revenue)})</span>
							</span>,
						],
					]}
				/>
				<MarginSentence
					payout={payout.price as PriceLike}
					revenue={revenue.price as PriceLike}
					currency={o.currency ?? "USD"}
				/>
				{goal?.partner_may_set_payout && <Notice tone="warn">{t.partnerSets}</Notice>}
				{affiliate && (
					<p>
						<Link href={`/affiliates/${affiliate}?tab=terms`}>{t.allOfAffiliate}</Link>
					</p>
				)}
			</div>
		</Card>
	);
}
