import { useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { api, useChange } from "../../api/client.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ComboField, PickField } from "../../ui/fields.tsx";
import { Fielded, TextField } from "../../ui/form.tsx";
import { Notice } from "../../ui/notice.tsx";
import { DestinationField } from "./destination.tsx";
import type { PriceLike } from "./price.ts";
import { MarginSentence, PriceFields } from "./pricefields.tsx";
import "./setup.css";
import type { Price } from "./types.ts";

const t = text.setup.newOffer;

/** Currencies, by their code and name. */
export function currencies() {
	const names = new Intl.DisplayNames(["en"], { type: "currency" });
	return Intl.supportedValuesOf("currency").map((c) => ({ value: c, label: c, detail: names.of(c) }));
}

/** A price as it is sent: without what is left open. */
export const sent = (p: PriceLike): Price => ({
	type: p.type as Price["type"],
	amount: p.amount || undefined,
	percent: p.percent || undefined,
});

/** Asks what a first offer needs, and no more. */
export function NewOffer({ onClose, advertiser: given = "" }: { onClose: () => void; advertiser?: string }) {
	const [, go] = useLocation();
	const [advertiser, setAdvertiser] = useState(given);
	const [fresh, setFresh] = useState<string | null>(null);
	const [name, setName] = useState("");
	const [url, setUrl] = useState("");
	const [currency, setCurrency] = useState("USD");
	const [payout, setPayout] = useState<PriceLike | undefined>({ type: "cpa" });
	const [revenue, setRevenue] = useState<PriceLike | undefined>({ type: "cpa" });
	const makeAdvertiser = useChange(
		(called: string) => api.POST("/api/v1/advertisers", { body: { name: called } as never }),
		{ touches: ["advertisers"], quiet: true },
	);
	const make = useChange(
		(advertiser_id: number) =>
			api.POST("/api/v1/offers", {
				body: {
					advertiser_id,
					name,
					destination_url: url.trim(),
					currency,
					payout: sent(payout!),
					revenue: sent(revenue!),
				} as never,
			}),
		{ touches: ["offers"], quiet: true },
	);
	const submit = async () => {
		let of = Number(advertiser);
		if (fresh !== null) {
			const a = await makeAdvertiser.run(fresh);
			if (!a) return;
			of = a.id ?? 0;
			setAdvertiser(String(of));
			setFresh(null);
		}
		const o = await make.run(of);
		if (o) go(`/offers/${o.id}`);
	};
	const other = make.problem && make.problem.places.length === 0 ? make.problem.message : undefined;
	return (
		<Dialog
			title={t.title}
			onClose={onClose}
			onSubmit={() => void submit()}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button primary type="submit" busy={make.busy || makeAdvertiser.busy}>
						{t.submit}
					</Button>
				</>
			}
		>
			<Fielded problem={make.problem}>
				{other && (
					<Notice tone="bad" live>
						{other}
					</Notice>
				)}
				{fresh === null ? (
					<div class="stack tight">
						<PickField
							kind="advertiser"
							label={t.advertiser}
							name="advertiser_id"
							value={advertiser}
							onValue={setAdvertiser}
							hint={t.advertiserHint}
						/>
						<div>
							<Button small onClick={() => setFresh("")}>
								{t.newAdvertiser}
							</Button>
						</div>
					</div>
				) : (
					<div class="stack tight">
						<TextField
							label={t.advertiserName}
							value={fresh}
							onValue={setFresh}
							error={makeAdvertiser.problem?.at("name") ?? makeAdvertiser.problem?.message}
							hint={t.advertiserNameHint}
							autoFocus
						/>
						<div>
							<Button small onClick={() => setFresh(null)}>
								{t.pickAdvertiser}
							</Button>
						</div>
					</div>
				)}
				<TextField
					label={t.name}
					name="name"
					value={name}
					onValue={setName}
					hint={t.nameHint}
					maxLength={200}
				/>
				<DestinationField value={url} onValue={setUrl} />
				<ComboField
					label={t.currency}
					name="currency"
					value={currency}
					onValue={(c) => setCurrency(c || "USD")}
					options={currencies()}
					hint={t.currencyHint}
				/>
				<PriceFields name="payout" label={t.payout} value={payout} onValue={setPayout} currency={currency} />
				<PriceFields
					name="revenue"
					label={t.revenue}
					value={revenue}
					onValue={setRevenue}
					currency={currency}
				/>
				<MarginSentence payout={payout} revenue={revenue} currency={currency} />
			</Fielded>
		</Dialog>
	);
}
