import { Plus, Scale } from "lucide-preact";
import type { Schema } from "../../api/client.ts";
import { may, side } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField } from "../../ui/form.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Pick } from "../../ui/picker.tsx";
import { AdjustDialog } from "./adjustdialog.tsx";
import { AdjustmentList } from "./list.tsx";
import "../lists/lists.css";
import "../work/work.css";
import "./money.css";
import { Standings } from "./standings.tsx";

const t = text.adjustments;

const kinds = ["correction", "bonus", "clawback", "payment"] as const;

/** Corrections of balances, and what advertisers have paid. */
export default function Adjustments() {
	const [f, set] = useUrlState({
		affiliate: "",
		advertiser: "",
		kind: "",
		open: "",
		new: "",
		currency: "",
		amount: "",
	});
	const network = side.value === "network";
	const make = network && may("write") && (
		<Button primary onClick={() => set({ new: "1" })}>
			<Plus aria-hidden />
			{t.new}
		</Button>
	);
	const narrowed = Boolean(f.affiliate || f.advertiser || f.kind || f.open);
	const query = {
		affiliate_id: network && f.affiliate ? Number(f.affiliate) : undefined,
		advertiser_id: network && f.advertiser ? Number(f.advertiser) : undefined,
		kind: kinds.find((k) => k === f.kind),
		open: f.open === "1" || undefined,
	};
	const mine = kinds.filter(
		(k) => network || (side.value === "advertiser") === (k === "payment") || k === "correction",
	);
	return (
		<Page title={t.titles[side.value]} lead={t.lead[side.value]} actions={make}>
			{side.value === "advertiser" && <Standings />}
			<div class="filters">
				{network && (
					<>
						<div class="field">
							<Pick
								kind="affiliate"
								label={text.pick.affiliate}
								placeholder={text.payouts.due.anyAffiliate}
								value={f.affiliate}
								onValue={(affiliate) => set({ affiliate, advertiser: "" })}
							/>
						</div>
						<div class="field">
							<Pick
								kind="advertiser"
								label={text.pick.advertiser}
								placeholder={text.setup.offers.anyAdvertiser}
								value={f.advertiser}
								onValue={(advertiser) => set({ advertiser, affiliate: "", open: "" })}
							/>
						</div>
					</>
				)}
				<SelectField
					label={t.kind}
					hideLabel
					value={f.kind}
					onValue={(kind) => set({ kind })}
					choices={[{ value: "", label: t.anyKind }, ...mine.map((k) => ({ value: k, label: t.kinds[k] }))]}
				/>
				{side.value !== "advertiser" && (
					<CheckField
						label={t.openOnly}
						value={f.open === "1"}
						onValue={(on) => set({ open: on ? "1" : "", advertiser: "" })}
					/>
				)}
			</div>
			<AdjustmentList
				query={query as { kind?: Schema["Adjustment"]["kind"] }}
				none={
					narrowed ? (
						<Empty
							title={t.noneFit}
							action={
								<Button onClick={() => set({ affiliate: "", advertiser: "", kind: "", open: "" })}>
									{text.lists.filters.clear}
								</Button>
							}
						/>
					) : (
						<Empty icon={Scale} title={t.none} action={make}>
							{t.noneHint[side.value]}
						</Empty>
					)
				}
			/>
			{f.new && network && may("write") && (
				<AdjustDialog
					begin={{
						party: f.advertiser ? "advertiser" : "affiliate",
						id: f.advertiser || f.affiliate,
						kind: f.advertiser ? (f.new === "payment" ? "payment" : "correction") : "bonus",
						currency: f.currency,
						amount: f.amount,
					}}
					onClose={() => set({ new: "", currency: "", amount: "" }, { replace: true })}
				/>
			)}
		</Page>
	);
}
