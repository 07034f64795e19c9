import { Gauge, Plus, Trash2 } from "lucide-preact";
import type { Schema } from "../../../api/client.ts";
import { api, useRead } from "../../../api/client.ts";
import type { Tagged } from "../../../api/record.ts";
import { count, dateTime, money, percent } from "../../../lib/format.ts";
import { may, zone } from "../../../lib/session.ts";
import { text } from "../../../text/en.ts";
import { Badge, Progress } from "../../../ui/bits.tsx";
import { Button } from "../../../ui/button.tsx";
import { EditForm } from "../../../ui/edit.tsx";
import { AmountField, ComboField } from "../../../ui/fields.tsx";
import { CheckField, SelectField } from "../../../ui/form.tsx";
import { Named } from "../../../ui/named.tsx";
import { Empty, Read } from "../../../ui/notice.tsx";
import { Card } from "../../../ui/page.tsx";
import { type Column, Table } from "../../../ui/table.tsx";
import type { Cap, Goal, Offer } from "../types.ts";
import { useGoals } from "./overview.tsx";
import { useOfferEdit } from "./use.ts";
import { offerWords } from "./words.ts";

const t = text.setup.caps;
type Use = Schema["ApiCap"];

/** How much an offer takes in a period, and how much of that is used. */
export function OfferCaps({ record }: { record: Tagged<Offer> }) {
	return (
		<div class="stack loose">
			{(record.value.caps?.length ?? 0) > 0 && <Used offer={record.value} />}
			<Limits record={record} />
		</div>
	);
}

function Used({ offer: o }: { offer: Offer }) {
	const caps = useRead(["reports", "caps", String(o.id)], (signal) =>
		api.GET("/api/v1/reports/caps", { params: { query: { offer_id: o.id, limit: 1000 } }, signal }),
	);
	const amount = (c: Use, v: string) =>
		c.metric === "conversions" ? count(Number(v)) : money(v, c.currency ?? o.currency);
	const columns: Column<Use>[] = [
		{
			key: "cap",
			phone: "title",
			head: t.cap,
			cell: (c) => (
				<span>
					{t.metrics[c.metric]} · {t.periods[c.period]}
					{c.goal && ` · ${c.goal}`}
					{c.affiliate_id && (
						<>
							{" · "}
							<Named kind="affiliate" id={c.affiliate_id} plain />
						</>
					)}
				</span>
			),
		},
		{
			key: "bar",
			phone: "wide",
			head: t.share,
			width: 160,
			cell: (c) => (
				<span class="row" style={{ minWidth: "140px", flexWrap: "nowrap" }}>
					<span class="grow">
						<Progress done={c.share} of={1} label={t.shareOf(percent(c.share, 0))} />
					</span>
					<span class="num small">{percent(c.share, 0)}</span>
				</span>
			),
		},
		{ key: "used", head: t.used, end: true, cell: (c) => amount(c, c.used) },
		{ key: "left", head: t.left, end: true, cell: (c) => amount(c, c.left) },
		{
			key: "state",
			phone: "wide",
			head: text.setup.offers.status,
			cell: (c) =>
				c.reached ? (
					<Badge tone="bad">{c.on_reached === "pending" ? t.reachedPending : t.reachedReject}</Badge>
				) : c.expected_at ? (
					<Badge tone="warn">{t.expected(dateTime(c.expected_at))}</Badge>
				) : (
					<Badge tone="good">{t.enough}</Badge>
				),
		},
		{ key: "ends", head: t.renewed, cell: (c) => (c.ends_at ? dateTime(c.ends_at) : t.never) },
	];
	return (
		<Card title={t.now} flush>
			<Read of={caps}>
				{(page) => (
					<Table
						stack
						caption={t.now}
						columns={columns}
						rows={page.data as Use[]}
						rowKey={(_, i) => i}
						empty={<Empty icon={Gauge} title={t.unused} />}
					/>
				)}
			</Read>
		</Card>
	);
}

function Limits({ record }: { record: Tagged<Offer> }) {
	const edit = useOfferEdit(record);
	const { draft: o, set } = edit;
	const goals = useGoals(o.id ?? 0);
	const caps = (o.caps ?? []) as Cap[];
	const put = (i: number, change: Partial<Cap>) =>
		set({ caps: caps.map((c, k) => (k === i ? { ...c, ...change } : c)) });
	const codes = ((goals.data?.data ?? []) as Goal[]).map((g) => ({
		value: g.code ?? "",
		label: g.name || g.code || "",
	}));
	return (
		<Card title={t.limits}>
			<EditForm edit={edit} label={t.limits} names={text.setup.fieldNames} words={offerWords(o.currency)}>
				{caps.length === 0 && (
					<Empty icon={Gauge} title={t.empty}>
						{t.emptyHint}
					</Empty>
				)}
				{caps.map((c, i) => (
					<CapFields
						key={i}
						at={`caps[${i}]`}
						number={i + 1}
						cap={c}
						codes={codes}
						currency={o.currency ?? "USD"}
						set={(change) => put(i, change)}
						remove={() => set({ caps: caps.filter((_, k) => k !== i) })}
					/>
				))}
				{may("write") && (
					<div>
						<Button
							onClick={() =>
								set({
									caps: [
										...caps,
										{
											metric: "conversions",
											period: "day",
											limit: "",
											on_reached: "reject",
											tz: zone.value === "UTC" ? undefined : zone.value,
										},
									],
								})
							}
						>
							<Plus aria-hidden />
							{t.add}
						</Button>
					</div>
				)}
			</EditForm>
		</Card>
	);
}

type CapProps = {
	at: string;
	number: number;
	cap: Cap;
	codes: { value: string; label: string }[];
	currency: string;
	set: (change: Partial<Cap>) => void;
	remove: () => void;
};

function CapFields({ at, number, cap: c, codes, currency, set, remove }: CapProps) {
	return (
		<fieldset class="cap">
			<legend class="visually-hidden">{t.nth(number)}</legend>
			<div class="grid-4">
				<SelectField
					label={t.metric}
					name={`${at}.metric`}
					value={c.metric}
					onValue={(metric) => set({ metric: metric as Cap["metric"] })}
					choices={(["conversions", "payout", "revenue"] as const).map((value) => ({
						value,
						label: t.metrics[value],
					}))}
				/>
				<AmountField
					label={t.limit}
					name={`${at}.limit`}
					unit={c.metric === "conversions" ? "#" : currency}
					value={c.limit}
					onValue={(limit) => set({ limit })}
				/>
				<SelectField
					label={t.period}
					name={`${at}.period`}
					value={c.period}
					onValue={(period) => set({ period: period as Cap["period"] })}
					choices={(["day", "week", "month", "total"] as const).map((value) => ({
						value,
						label: t.periods[value],
					}))}
				/>
				<SelectField
					label={t.reached}
					name={`${at}.on_reached`}
					value={c.on_reached ?? "reject"}
					onValue={(on) => set({ on_reached: on as Cap["on_reached"] })}
					choices={[
						{ value: "reject", label: t.reject },
						{ value: "pending", label: t.pending },
					]}
				/>
				<SelectField
					label={t.goal}
					name={`${at}.goal`}
					value={c.goal ?? ""}
					onValue={(goal) => set({ goal: goal || undefined })}
					choices={[{ value: "", label: t.allGoals }, ...codes]}
				/>
				{c.period !== "total" && (
					<ComboField
						label={t.zone}
						name={`${at}.tz`}
						value={c.tz ?? "UTC"}
						onValue={(tz) => set({ tz: tz || undefined })}
						options={zones()}
					/>
				)}
			</div>
			<div class="row between">
				<CheckField
					label={t.perAffiliate}
					value={c.per_affiliate ?? false}
					onValue={(on) => set({ per_affiliate: on || undefined })}
				/>
				{may("write") && (
					<Button small quiet danger onClick={remove} aria-label={t.removeNth(number)}>
						<Trash2 aria-hidden />
						{t.remove}
					</Button>
				)}
			</div>
		</fieldset>
	);
}

/** Time zones by name. */
export const zones = () =>
	["UTC", ...Intl.supportedValuesOf("timeZone")].map((z) => ({ value: z, label: z }));
