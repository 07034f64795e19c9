// The fields of a postback, in the order in which one thinks of them: whom it
// tells, of what, and how.
import { api, useRead } from "../../api/client.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { ChecksField, PickField, SpanField, WordsField } from "../../ui/fields.tsx";
import { AreaField, CheckField, SelectField, TextField } from "../../ui/form.tsx";
import { Card } from "../../ui/page.tsx";
import { type Format, has, inFormat, isPixel, isPlatform, type Postback, useOf } from "./draft.ts";
import { MacroField } from "./macrofield.tsx";
import { PairsField } from "./pairs.tsx";
import type { Told } from "./preview.tsx";

const t = text.postbacks.form;

export type FieldsProps = {
	draft: Postback;
	set: (change: Partial<Postback>) => void;
	/** What the API says of the draft. */
	told: Told;
};

/** Whom a postback tells, and of what. */
export function ScopeFields({ draft, set, made }: FieldsProps & { made: boolean }) {
	return (
		<>
			<TextField
				name="name"
				label={t.name}
				placeholder={t.namePlaceholder}
				value={draft.name ?? ""}
				onValue={(name) => set({ name })}
			/>
			{side.value === "network" && !made && <OwnerFields draft={draft} set={set} />}
			<div class="grid-2">
				<PickField
					kind="offer"
					name="offer_id"
					label={t.offer}
					hint={t.offerHint}
					value={draft.offer_id ? String(draft.offer_id) : ""}
					onValue={(v) => set({ offer_id: v ? Number(v) : undefined })}
				/>
				<GoalField draft={draft} set={set} />
			</div>
		</>
	);
}

type OwnerSide = "affiliate" | "advertiser" | "network";

/** Whose postback it is, where the network makes it. */
export function OwnerFields({
	draft,
	set,
	sides = ["affiliate", "advertiser", "network"],
}: Pick<FieldsProps, "draft" | "set"> & { sides?: OwnerSide[] }) {
	const use = useOf(draft);
	const party = draft.owner?.affiliate_id || draft.owner?.advertiser_id;
	const own = (s: string, id: number) =>
		set({
			owner:
				s === "network"
					? { network: true }
					: s === "affiliate"
						? { affiliate_id: id }
						: { advertiser_id: id },
		});
	return (
		<div class="grid-2">
			{sides.length > 1 && (
				<SelectField
					name={use === "network" ? "owner" : undefined}
					label={t.owner}
					hint={t.ownerHint}
					value={use}
					onValue={(s) => own(s, 0)}
					choices={sides.map((s) => ({ value: s, label: t.sides[s] }))}
				/>
			)}
			{use !== "network" && (
				<PickField
					kind={use}
					name="owner"
					label={text.pick[use]}
					value={party ? String(party) : ""}
					onValue={(v) => own(use, Number(v) || 0)}
				/>
			)}
		</div>
	);
}

/** A goal of the offer, by name; of all offers, by its code. */
export function GoalField({ draft, set }: Pick<FieldsProps, "draft" | "set">) {
	const offer = draft.offer_id;
	const goals = useRead(
		["goals", offer],
		(signal) =>
			api.GET("/api/v1/offers/{offer_id}/goals", { params: { path: { offer_id: offer ?? 0 } }, signal }),
		{ enabled: Boolean(offer), keep: false },
	);
	const known = offer ? goals.data?.data : undefined;
	if (!known)
		return (
			<TextField
				name="goal"
				label={t.goal}
				hint={t.goalHint}
				code
				value={draft.goal ?? ""}
				onValue={(goal) => set({ goal })}
			/>
		);
	const listed = known.some((g) => g.code === draft.goal) || !draft.goal;
	return (
		<SelectField
			name="goal"
			label={t.goal}
			value={draft.goal ?? ""}
			onValue={(goal) => set({ goal })}
			choices={[
				{ value: "", label: t.goalAll },
				...known.map((g) => ({
					value: g.code ?? "",
					label: g.name ? `${g.name} (${g.code})` : (g.code ?? ""),
				})),
				...(listed ? [] : [{ value: draft.goal ?? "", label: draft.goal ?? "" }]),
			]}
		/>
	);
}

const statuses = ["pending", "hold", "approved", "rejected", "paid"] as const;
const choicesOf = (words: Record<string, string>) =>
	Object.entries(words).map(([value, label]) => ({ value, label }));

/** Of which events it tells, and when. */
export function WhenFields({ draft, set }: FieldsProps) {
	const on = draft.on ?? [];
	const alerts = on.filter((e) => e in text.postbacks.alerts);
	const events = on.filter((e) => e in text.postbacks.events);
	const may = draft.format === "webhook" || draft.format === "json" || alerts.length > 0;
	return (
		<>
			<ChecksField
				name="on"
				label={t.on}
				value={events}
				onValue={(v) => set({ on: [...v, ...alerts] })}
				choices={choicesOf(text.postbacks.events)}
			/>
			{may && (
				<ChecksField
					label={t.alerts}
					hint={t.alertsHint}
					value={alerts}
					onValue={(v) => set({ on: [...events, ...v] })}
					choices={choicesOf(text.postbacks.alerts)}
				/>
			)}
			<div class="grid-2">
				<ChecksField
					name="statuses"
					label={t.statuses}
					hint={t.statusesHint}
					value={draft.statuses ?? []}
					onValue={(v) => set({ statuses: v as Postback["statuses"] })}
					choices={statuses.map((s) => ({ value: s, label: text.status[s] }))}
				/>
				<SpanField
					name="delay"
					label={t.delay}
					hint={t.delayHint}
					unit="m"
					value={draft.delay}
					onValue={(delay) => set({ delay })}
				/>
			</div>
		</>
	);
}

/** How the receiver is spoken to. */
export function RequestFields({ draft, set, told }: FieldsProps) {
	const format = draft.format ?? "get";
	const template = {
		use: useOf(draft),
		shared: draft.share_visitor ?? false,
	};
	return (
		<>
			<div class="grid-2">
				<SelectField
					name="format"
					label={t.format}
					hint={text.postbacks.formatHints[format]}
					value={format}
					onValue={(v) => set(inFormat(draft, v as Format))}
					choices={choicesOf(text.postbacks.formats)}
				/>
				{has(format, "method") && (
					<SelectField
						name="method"
						label={t.method}
						value={draft.method ?? ""}
						onValue={(v) => set({ method: (v || undefined) as Postback["method"] })}
						choices={[
							{ value: "", label: t.methodUsual },
							...(format === "get" ? ["GET", "POST"] : ["POST", "PUT"]).map((m) => ({ value: m, label: m })),
						]}
					/>
				)}
			</div>
			<MacroField
				{...template}
				name="url"
				label={t.url}
				hint={isPlatform(format) ? t.urlHintPlatform : t.urlHint}
				placeholder="https://tracker.example.com/postback?cid={aff_click_id}"
				value={draft.url ?? ""}
				onValue={(url) => set({ url })}
				wrong={told.wrong("url")}
				warnings={told.warned("url")}
			/>
			{has(format, "body") && (
				<MacroField
					{...template}
					name="body"
					label={t.body}
					hint={format === "form" ? t.bodyHintForm : t.bodyHintJson}
					placeholder={format === "form" ? "cid={aff_click_id}&sum={payout}" : '{"cid":"{aff_click_id}"}'}
					value={draft.body ?? ""}
					onValue={(body) => set({ body })}
					wrong={told.wrong("body")}
					warnings={told.warned("body")}
					lines={format === "json"}
					rows={format === "json" ? 6 : 3}
				/>
			)}
			{has(format, "headers") && (
				<PairsField
					label={t.headers}
					hint={t.headersHint}
					nameLabel={t.headerName}
					add={t.addHeader}
					value={draft.headers}
					onValue={(headers) => set({ headers })}
				>
					{(name, value, onValue) => (
						<MacroField
							{...template}
							hideLabel
							rows={1}
							name={`headers.${name}`}
							label={name ? `${t.headerValue}: ${name}` : t.headerValue}
							value={value}
							onValue={onValue}
							wrong={told.wrong(`headers.${name}`)}
							warnings={told.warned(`headers.${name}`)}
						/>
					)}
				</PairsField>
			)}
			{has(format, "parameters") && <Parameters draft={draft} set={set} />}
			{has(format, "secret") && <SecretField draft={draft} set={set} />}
		</>
	);
}

// What an ad platform needs has names that its template lists.
const platformOf: Partial<Record<Format, string>> = {
	meta_capi: "meta",
	google_data_manager: "google",
	tiktok_events: "tiktok",
};

function Parameters({ draft, set }: Pick<FieldsProps, "draft" | "set">) {
	const templates = useRead(["templates", "postbacks"], (signal) =>
		api.GET("/api/v1/templates/postbacks", { signal }),
	);
	const key = platformOf[draft.format ?? "get"];
	const fields = templates.data?.data?.find((one) => one.key === key)?.fields ?? [];
	const put = (name: string, v: string) => {
		const next = { ...draft.parameters };
		if (v === "") delete next[name];
		else next[name] = v;
		set({ parameters: next });
	};
	return (
		<fieldset class="bare stack">
			<legend class="visually-hidden">{t.parameters}</legend>
			{fields.map((f) => (
				<TemplateField
					key={f.name}
					field={f}
					at={`parameters.${f.name}`}
					value={draft.parameters?.[f.name] ?? ""}
					onValue={(v) => put(f.name, v)}
				/>
			))}
		</fieldset>
	);
}

type Field = { name: string; kind: string; doc: string; example?: string; default?: string; open?: boolean };

/** The name of a template's field, as one reads it. */
export const wordOf = (name: string): string =>
	name.replaceAll("_", " ").replace(/\b(id|url|api|nid)\b/g, (w) => w.toUpperCase());

/** One field of a ready template, as its description says it. */
export function TemplateField({
	field: f,
	at,
	value,
	onValue,
}: {
	field: Field;
	at: string;
	value: string;
	onValue: (value: string) => void;
}) {
	const p = text.postbacks.pick;
	const word = wordOf(f.name);
	const label = `${word.charAt(0).toUpperCase()}${word.slice(1)}${f.open ? ` (${text.common.optional})` : ""}`;
	const doc = f.doc.charAt(0).toUpperCase() + f.doc.slice(1).replace(/\.$/, "");
	const hint = `${doc}.${f.default ? ` ${p.usual(f.default)}` : ""}`;
	if (f.kind === "json")
		return (
			<AreaField {...{ label, hint, value, onValue }} name={at} code rows={5} placeholder={p.pasteJson} />
		);
	return (
		<TextField
			{...{ label, hint, value, onValue }}
			name={at}
			code
			placeholder={f.default ?? f.example ?? ""}
		/>
	);
}

function SecretField({ draft, set }: Pick<FieldsProps, "draft" | "set">) {
	const kept = draft.secret?.includes("•") ? draft.secret : "";
	return (
		<TextField
			name="secret"
			label={t.secret}
			hint={draft.format === "webhook" ? t.secretHintWebhook : t.secretHint}
			code
			placeholder={kept ? t.secretKept(kept) : ""}
			value={kept ? "" : (draft.secret ?? "")}
			onValue={(secret) => set({ secret })}
		/>
	);
}

/** What only some receivers need. */
export function MoreFields({ draft, set }: FieldsProps) {
	const words = draft.status_words ?? {};
	const say = (s: string, word: string) => {
		const next = { ...words };
		if (word === "") delete next[s];
		else next[s] = word;
		set({ status_words: next });
	};
	return (
		<Card flush>
			<details class="more">
				<summary>{t.more}</summary>
				<div class="body stack">
					<div class="field" role="group" aria-label={t.words}>
						<span class="label">{t.words}</span>
						<div class="grid-3">
							{statuses.map((s) => (
								<TextField
									key={s}
									name={`status_words.${s}`}
									label={text.status[s]}
									placeholder={s}
									code
									value={words[s] ?? ""}
									onValue={(w) => say(s, w)}
								/>
							))}
						</div>
						<span class="hint">{t.wordsHint}</span>
					</div>
					<div class="grid-2">
						<TextField
							name="success_contains"
							label={t.success}
							hint={t.successHint}
							code
							value={draft.success_contains ?? ""}
							onValue={(v) => set({ success_contains: v })}
						/>
						<TextField
							name="failure_contains"
							label={t.failure}
							code
							value={draft.failure_contains ?? ""}
							onValue={(v) => set({ failure_contains: v })}
						/>
					</div>
					{side.value === "network" && useOf(draft) !== "network" && !isPixel(draft.format ?? "get") && (
						<CheckField
							name="share_visitor"
							label={t.share}
							hint={t.shareHint}
							value={draft.share_visitor ?? false}
							onValue={(share_visitor) => set({ share_visitor })}
						/>
					)}
				</div>
			</details>
		</Card>
	);
}

const numberOf = (typed: string) => {
	const n = Number(typed.replace(",", "."));
	return typed.trim() === "" || Number.isNaN(n) ? undefined : n;
};

/** How it is tried again, and how fast it may go. */
export function LimitFields({ draft, set }: FieldsProps) {
	return (
		<Card flush>
			<details class="more">
				<summary>{t.limits}</summary>
				<div class="body stack">
					<WordsField
						name="retry"
						label={t.retry}
						hint={t.retryHint}
						free
						placeholder="5m"
						value={draft.retry ?? []}
						onValue={(retry) => set({ retry })}
					/>
					<div class="grid-2">
						<SpanField
							name="timeout"
							label={t.timeout}
							unit="s"
							placeholder="10"
							value={draft.timeout}
							onValue={(timeout) => set({ timeout })}
						/>
						<SpanField
							name="connect_timeout"
							label={t.connect}
							unit="s"
							placeholder="3"
							value={draft.connect_timeout}
							onValue={(connect_timeout) => set({ connect_timeout })}
						/>
						<TextField
							name="rate"
							label={t.rate}
							inputMode="decimal"
							value={draft.rate ? String(draft.rate) : ""}
							onValue={(v) => set({ rate: numberOf(v) })}
						/>
						<TextField
							name="in_flight"
							label={t.inFlight}
							inputMode="numeric"
							value={draft.in_flight ? String(draft.in_flight) : ""}
							onValue={(v) => set({ in_flight: numberOf(v) })}
						/>
						<SelectField
							name="backlog"
							label={t.backlog}
							value={draft.backlog ?? "oldest"}
							onValue={(v) => set({ backlog: v as Postback["backlog"] })}
							choices={choicesOf(t.backlogs)}
						/>
					</div>
				</div>
			</details>
		</Card>
	);
}
