// Fields for what is more than a line of text.
import { Eye, EyeOff, X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { country } from "../lib/format.ts";
import { plainly } from "../lib/hidden.ts";
import { zone } from "../lib/session.ts";
import { toInstant, toLocal } from "../lib/zoned.ts";
import { text } from "../text/en.ts";
import { Copy } from "./bits.tsx";
import { Button } from "./button.tsx";
import "./fields.css";
import { CheckField, type Choice, Field } from "./form.tsx";
import { Combo, type Option, Pick } from "./picker.tsx";
import { said } from "./said.tsx";

const t = text.fields;

type Named = {
	label: string;
	name?: string;
	hint?: ComponentChildren;
	error?: string;
	hideLabel?: boolean;
	class?: string;
};

/** A choice with a sentence on what it does. */
export type Told = Choice & { hint?: ComponentChildren };

/** One of a few choices, each with what it does. */
export function RadioField({
	value,
	onValue,
	choices,
	disabled,
	...field
}: Named & { value: string; onValue: (value: string) => void; choices: Told[]; disabled?: boolean }) {
	const group = useId();
	return (
		<Field {...field} class={`radio-field ${field.class ?? ""}`}>
			{({ id, ...inner }) => (
				<div {...inner} id={id} class="radios" role="radiogroup" aria-label={field.label}>
					{choices.map((c) => (
						<label key={c.value} class="radio">
							<input
								type="radio"
								name={group}
								value={c.value}
								checked={c.value === value}
								disabled={disabled || c.disabled}
								onChange={() => onValue(c.value)}
							/>
							<span>
								<span class="strong">{said(c.label)}</span>
								{c.hint && <span class="mute small block">{said(c.hint)}</span>}
							</span>
						</label>
					))}
				</div>
			)}
		</Field>
	);
}

/** Several of a few choices. What is chosen keeps the order of the choices. */
export function ChecksField({
	value,
	onValue,
	choices,
	...field
}: Named & { value: string[]; onValue: (value: string[]) => void; choices: Told[] }) {
	return (
		<Field {...field}>
			{({ id, ...inner }) => (
				<div {...inner} id={id} class="stack tight" role="group" aria-label={field.label}>
					{choices.map((c) => (
						<CheckField
							key={c.value}
							label={c.label}
							hint={c.hint}
							disabled={c.disabled}
							value={value.includes(c.value)}
							onValue={(on) =>
								onValue(
									choices.map((one) => one.value).filter((v) => (v === c.value ? on : value.includes(v))),
								)
							}
						/>
					))}
				</div>
			)}
		</Field>
	);
}

/** Words, each of which can be taken out again. What fits is offered. */
export function WordsField({
	value,
	onValue,
	options = [],
	free,
	spaced,
	shown,
	placeholder,
	...field
}: Named & {
	value: string[];
	onValue: (value: string[]) => void;
	options?: Option[];
	/** Whether other words than those offered may be written. */
	free?: boolean;
	/** Whether a word may have spaces in it; commas part words in any case. */
	spaced?: boolean;
	/** How a word is written where it stands. */
	shown?: (word: string) => string;
	placeholder?: string;
}) {
	const write = shown ?? ((word: string) => options.find((o) => o.value === word)?.label ?? word);
	const add = (words: string[]) => {
		const more = words.map((w) => w.trim()).filter((w) => w && !value.includes(w));
		if (more.length > 0) onValue([...value, ...new Set(more)]);
	};
	return (
		<Field {...field}>
			{({ id, ...inner }) => (
				<div class="stack tight">
					{value.length > 0 && (
						<span class="row tight">
							{value.map((w) => (
								<span key={w} class="chip">
									<span class="break">{said(write(w))}</span>
									<button
										type="button"
										aria-label={t.remove(plainly(write(w)))}
										onClick={() => onValue(value.filter((one) => one !== w))}
									>
										<X aria-hidden />
									</button>
								</span>
							))}
						</span>
					)}
					<Combo
						id={id}
						label={field.label}
						value=""
						placeholder={placeholder ?? t.add}
						onValue={(v, option) => (option ? add([v]) : free && add(v.split(spaced ? /[,;]+/ : /[\s,;]+/)))}
						options={options.filter((o) => !value.includes(o.value))}
						free={free}
						invalid={inner["aria-invalid"] === "true"}
						describedBy={inner["aria-describedby"]}
					/>
				</div>
			)}
		</Field>
	);
}

const codes =
	"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW".split(
		" ",
	);

/** Countries by name, as options. */
export const countries = (): Option[] =>
	codes
		.map((c) => ({ value: c, label: country(c), detail: c }))
		.sort((a, b) => a.label.localeCompare(b.label));

/** Several countries. */
export function CountriesField(
	props: Named & { value: string[]; onValue: (value: string[]) => void; placeholder?: string },
) {
	return <WordsField {...props} options={countries()} shown={(c) => country(c.toUpperCase())} />;
}

/** One choice of many, found by typing. */
export function ComboField({
	value,
	onValue,
	options,
	placeholder,
	free,
	disabled,
	...field
}: Named & {
	value: string;
	onValue: (value: string) => void;
	options: Option[];
	placeholder?: string;
	free?: boolean;
	disabled?: boolean;
}) {
	return (
		<Field {...field}>
			{({ id, ...inner }) => (
				<Combo
					id={id}
					label={field.label}
					value={value}
					onValue={(v) => onValue(v)}
					options={options}
					placeholder={placeholder}
					free={free}
					disabled={disabled}
					invalid={inner["aria-invalid"] === "true"}
					describedBy={inner["aria-describedby"]}
				/>
			)}
		</Field>
	);
}

/** An offer, an affiliate or an advertiser. */
export function PickField({
	kind,
	value,
	onValue,
	disabled,
	...field
}: Named & {
	kind: "offer" | "affiliate" | "advertiser";
	value: string;
	onValue: (value: string) => void;
	disabled?: boolean;
}) {
	return (
		<Field {...field}>
			{({ id, ...inner }) => (
				<Pick
					id={id}
					kind={kind}
					label={field.label}
					value={value}
					onValue={onValue}
					disabled={disabled}
					invalid={inner["aria-invalid"] === "true"}
					describedBy={inner["aria-describedby"]}
				/>
			)}
		</Field>
	);
}

const units = ["s", "m", "h", "d"] as const;

/** A length of time, such as 30d. Nothing stands for none. */
export function SpanField({
	value,
	onValue,
	unit = "d",
	placeholder,
	...field
}: Named & {
	value: string | undefined;
	onValue: (value: string) => void;
	/** The unit that is offered first. */
	unit?: (typeof units)[number];
	placeholder?: string;
}) {
	const [chosen, setChosen] = useState<string>(unit);
	const m = /^([\d.]*)(s|m|h|d)$/.exec(value ?? "");
	const zero = m && Number(m[1]) === 0;
	const size = !value || zero ? "" : (m?.[1] ?? value);
	const now = m && !zero ? m[2]! : chosen;
	return (
		<Field {...field}>
			{(inner) => (
				<div class="span-field">
					<input
						{...inner}
						class="input num"
						inputMode="numeric"
						autocomplete="off"
						placeholder={placeholder}
						value={size}
						onInput={(e) => {
							const typed = e.currentTarget.value.trim();
							onValue(typed === "" ? "" : /^[\d.]+$/.test(typed) ? `${typed}${now}` : typed);
						}}
					/>
					<select
						class="select"
						aria-label={t.unitOf(field.label)}
						value={now}
						onChange={(e) => {
							const u = e.currentTarget.value;
							setChosen(u);
							if (size && m) onValue(`${size}${u}`);
						}}
					>
						{units.map((u) => (
							<option key={u} value={u} selected={u === now}>
								{t.units[u]}
							</option>
						))}
					</select>
				</div>
			)}
		</Field>
	);
}

/** A time, in the reader's zone. */
export function TimeField({
	value,
	onValue,
	...field
}: Named & { value: string | undefined; onValue: (instant: string) => void }) {
	return (
		<Field {...field} hint={field.hint ?? t.inZone(zone.value)}>
			{(inner) => (
				<input
					{...inner}
					type="datetime-local"
					class="input"
					value={toLocal(value, zone.value)}
					onChange={(e) => onValue(toInstant(e.currentTarget.value, zone.value))}
				/>
			)}
		</Field>
	);
}

/** An amount or a share, with its unit beside it. */
export function AmountField({
	value,
	onValue,
	unit,
	...field
}: Named & { value: string | undefined; onValue: (value: string) => void; unit: string }) {
	return (
		<Field {...field}>
			{(inner) => (
				<span class="amount-field">
					<input
						{...inner}
						class="input num"
						inputMode="decimal"
						autocomplete="off"
						value={value ?? ""}
						onInput={(e) => onValue(e.currentTarget.value.replace(",", ".").trim())}
					/>
					<span class="unit" aria-hidden>
						{unit}
					</span>
				</span>
			)}
		</Field>
	);
}

/** A secret: it is hidden until somebody asks to see it, and can be copied unseen. */
export function Secret({ value, label }: { value: string; label: string }) {
	const [open, setOpen] = useState(false);
	return (
		<span class="secret">
			<span class="id break">{open ? value : "•".repeat(Math.min(24, Math.max(8, value.length)))}</span>
			<span class="row tight nowrap">
				<Button
					quiet
					small
					icon
					aria-pressed={open}
					aria-label={open ? t.hide(label) : t.reveal(label)}
					title={open ? t.hide(label) : t.reveal(label)}
					onClick={() => setOpen(!open)}
				>
					{open ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
				</Button>
				<Copy value={value} />
			</span>
		</span>
	);
}
