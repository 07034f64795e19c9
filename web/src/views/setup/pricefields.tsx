// How prices are set and told.
import { money, percent as percentText } from "../../lib/format.ts";
import { text } from "../../text/en.ts";
import { AmountField } from "../../ui/fields.tsx";
import { SelectField } from "../../ui/form.tsx";
import { Notice } from "../../ui/notice.tsx";
import { bySale, margin, type PriceLike } from "./price.ts";

const t = text.setup.price;

/** A price in words: $5.00, 10% of the sale, $5.00 + 10% of the sale. */
export function priceWords(p: PriceLike | undefined, currency: string | undefined): string {
	if (!p?.type) return t.none;
	const amount = money(p.amount || "0", currency);
	const share = t.ofSale(percentText(Number(p.percent || 0) / 100, 6));
	switch (p.type) {
		case "cpa":
			return amount;
		case "cps":
			return share;
		case "cpa_cps":
			return `${amount} + ${share}`;
		default:
			return p.type.toUpperCase();
	}
}

type FieldsProps = {
	/** `payout` or `revenue`: where the API looks for it. */
	name: string;
	label: string;
	hint?: string;
	value: PriceLike | undefined;
	onValue: (price: PriceLike | undefined) => void;
	currency: string;
	/** What holds when no price is set here; left out where one must be. */
	open?: string;
};

/** A price: how it is reckoned, and how much. */
export function PriceFields({ name, label, hint, value, onValue, currency, open }: FieldsProps) {
	const type = value?.type ?? "";
	const set = (next: string) => {
		if (!next) return onValue(undefined);
		onValue({
			type: next,
			amount: next === "cps" ? undefined : value?.amount,
			percent: next === "cpa" ? undefined : value?.percent,
		});
	};
	return (
		<fieldset class="bare price-fields">
			<legend class="visually-hidden">{label}</legend>
			<SelectField
				label={label}
				name={`${name}.type`}
				hint={hint}
				value={type}
				onValue={set}
				choices={[
					...(open ? [{ value: "", label: open }] : []),
					{ value: "cpa", label: t.cpa },
					{ value: "cps", label: t.cps },
					{ value: "cpa_cps", label: t.both },
				]}
			/>
			{(type === "cpa" || type === "cpa_cps") && (
				<AmountField
					label={t.amount}
					name={`${name}.amount`}
					unit={currency}
					value={value?.amount}
					onValue={(amount) => onValue({ ...value, type, amount })}
				/>
			)}
			{(type === "cps" || type === "cpa_cps") && (
				<AmountField
					label={t.share}
					name={`${name}.percent`}
					unit="%"
					value={value?.percent}
					onValue={(percent) => onValue({ ...value, type, percent })}
				/>
			)}
		</fieldset>
	);
}

/** What the two prices mean, in a sentence. */
export function MarginSentence({
	payout,
	revenue,
	currency,
}: {
	payout: PriceLike | undefined;
	revenue: PriceLike | undefined;
	currency: string;
}) {
	if (!payout || !revenue) return null;
	const sale = bySale(payout) || bySale(revenue);
	const m = margin(payout, revenue, "100");
	if (!m || (m.payout === "0" && m.revenue === "0")) return null;
	const words = t.sentence(
		sale ? t.ofASale(money("100", currency)) : t.perConversion,
		money(m.payout, currency),
		money(m.revenue, currency),
	);
	const loss = m.kept.startsWith("-");
	return (
		<Notice tone={loss ? "warn" : "info"}>
			{words}{" "}
			{loss
				? t.loses(money(m.kept.slice(1), currency))
				: t.keeps(money(m.kept, currency), m.share === null ? "" : percentText(m.share, 1))}
		</Notice>
	);
}
