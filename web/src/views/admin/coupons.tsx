import { BadgePercent, Plus } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type Schema, useChange } from "../../api/client.ts";
import { useListed } from "../../api/found.ts";
import { may } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Badge, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { PickField } from "../../ui/fields.tsx";
import { DialogForm, TextField, type Warned } from "../../ui/form.tsx";
import { Paged, SearchField } from "../../ui/list.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty, Notice } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Pick } from "../../ui/picker.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";

const t = text.admin.coupons;
type Coupon = Schema["Coupon"];

/** Codes that are an affiliate's. */
export default function Coupons() {
	const [f, set] = useUrlState({ q: "", offer: "", affiliate: "", status: "active", new: "" });
	const status = f.status === "all" ? undefined : f.status;
	const list = useListed<Coupon>(["coupons", f.offer, f.affiliate, f.status], f.q, (asked, signal) =>
		api.GET("/api/v1/coupons", {
			params: {
				query: { offer_id: f.offer || undefined, affiliate_id: f.affiliate || undefined, status, ...asked },
			},
			signal,
		}),
	);
	const change = useChange(
		(id: number, status: "active" | "retired") =>
			api.PATCH("/api/v1/coupons/{id}", { params: { path: { id } }, body: { status } }),
		{ touches: ["coupons"] },
	);
	const turn = async (c: Coupon) => {
		const id = c.id ?? 0;
		const to = c.status === "retired" ? "active" : "retired";
		if (await change.run(id, to))
			toast(t.told[to](c.code ?? ""), {
				undo: () => void change.run(id, to === "active" ? "retired" : "active"),
			});
	};
	const write = may("write");
	const { rows } = list;
	const narrowed = f.q || f.offer || f.affiliate || f.status === "retired";
	const make = write && (
		<Button primary onClick={() => set({ new: "1" })}>
			<Plus aria-hidden />
			{t.create}
		</Button>
	);
	const columns: Column<Coupon>[] = [
		{ key: "code", phone: "title", head: t.code, cell: (c) => <code class="strong">{said(c.code)}</code> },
		{
			key: "affiliate",
			head: text.pick.affiliate,
			cell: (c) => <Named kind="affiliate" id={c.affiliate_id} />,
		},
		{
			key: "offer",
			head: text.pick.offer,
			cell: (c) => <Named kind="offer" id={c.offer_id} />,
		},
		{
			key: "status",
			phone: "aside",
			head: t.status,
			cell: (c) =>
				c.status === "retired" ? <Badge>{t.retired}</Badge> : <Badge tone="good">{text.status.active}</Badge>,
		},
		{ key: "made", head: t.made, cell: (c) => <When at={c.created_at} /> },
		...(write
			? [
					{
						key: "do",
						phone: "wide" as const,
						head: <span class="visually-hidden">{t.actions}</span>,
						end: true,
						cell: (c: Coupon) => (
							<Button
								small
								quiet
								aria-label={`${c.status === "retired" ? t.activate : t.retire} ${c.code}`}
								onClick={() => void turn(c)}
							>
								{c.status === "retired" ? t.activate : t.retire}
							</Button>
						),
					},
				]
			: []),
	];
	return (
		<Page title={text.nav.coupons} lead={t.lead} actions={make}>
			<div class="filters" role="search">
				<SearchField label={t.search} value={f.q} onValue={(q) => set({ q }, { replace: true })} />
				<select
					class="select"
					aria-label={t.status}
					value={f.status}
					onChange={(e) => set({ status: e.currentTarget.value })}
				>
					{Object.entries(t.statuses).map(([value, label]) => (
						<option key={value} value={value} selected={value === f.status}>
							{label}
						</option>
					))}
				</select>
				<div class="field">
					<Pick kind="offer" placeholder={t.anyOffer} value={f.offer} onValue={(offer) => set({ offer })} />
				</div>
				<div class="field">
					<Pick
						kind="affiliate"
						placeholder={t.anyAffiliate}
						value={f.affiliate}
						onValue={(affiliate) => set({ affiliate })}
					/>
				</div>
			</div>
			<Card flush>
				<Paged of={list}>
					<Table
						stack
						caption={text.nav.coupons}
						columns={columns}
						rows={rows}
						rowKey={(c) => c.id ?? 0}
						loading={list.loading}
						empty={
							!narrowed ? (
								<Empty icon={BadgePercent} title={t.empty} action={make}>
									{t.emptyHint}
								</Empty>
							) : (
								<Empty title={t.noneFit} />
							)
						}
					/>
				</Paged>
			</Card>
			{f.new && write && <NewCoupon onClose={() => set({ new: "" }, { replace: true })} />}
		</Page>
	);
}

function NewCoupon({ onClose }: { onClose: () => void }) {
	const [code, setCode] = useState("");
	const [offer, setOffer] = useState("");
	const [affiliate, setAffiliate] = useState("");
	const [warnings, setWarnings] = useState<Warned[]>([]);
	const make = useChange(
		() =>
			api.POST("/api/v1/coupons", {
				body: {
					code: code.trim(),
					offer_id: Number(offer),
					affiliate_id: Number(affiliate),
					status: "active",
				},
			}),
		{ touches: ["coupons"], quiet: true },
	);
	const submit = async () => {
		const made = await make.run();
		if (!made) return;
		toast(t.there(made.code ?? code));
		// A coupon that credits nobody yet is worth a second look; it is there all the same.
		if (made.warnings?.length) {
			setWarnings(made.warnings);
			setCode("");
		} else onClose();
	};
	return (
		<DialogForm
			title={t.create}
			submit={t.submit}
			close={warnings.length > 0 ? text.common.close : text.common.cancel}
			change={make}
			warnings={warnings}
			onSubmit={submit}
			onClose={onClose}
		>
			{warnings.length > 0 && (
				<Notice tone="warn" live>
					{warnings.map((w) => w.message).join(" ")}{" "}
					<Link href={`/offers/${offer}/attribution`}>{t.toAttribution}</Link>
				</Notice>
			)}
			<TextField
				label={t.code}
				name="code"
				hint={t.codeHint}
				code
				value={code}
				onValue={setCode}
				maxLength={64}
				autoFocus
			/>
			<PickField
				kind="affiliate"
				label={text.pick.affiliate}
				name="affiliate_id"
				hint={t.affiliateHint}
				value={affiliate}
				onValue={setAffiliate}
			/>
			<PickField
				kind="offer"
				label={text.pick.offer}
				name="offer_id"
				hint={t.offerHint}
				value={offer}
				onValue={setOffer}
			/>
		</DialogForm>
	);
}
