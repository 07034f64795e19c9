// A new postback: from a ready template, or from scratch.
import { PencilLine, Search } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { me, side, viewing } from "../../lib/session.ts";
import { queryOf, useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Button, Go } from "../../ui/button.tsx";
import { PickField } from "../../ui/fields.tsx";
import { Form, TextField } from "../../ui/form.tsx";
import { Empty, Failed, Read } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { toast } from "../../ui/toast.tsx";
import { useUnsaved } from "../../ui/unsaved.ts";
import { blank, fieldsOf, type Postback, type Unsaved, useOf } from "./draft.ts";
import {
	GoalField,
	LimitFields,
	MoreFields,
	OwnerFields,
	RequestFields,
	ScopeFields,
	TemplateField,
	WhenFields,
	wordOf,
} from "./fields.tsx";
import { PreviewCard, toldOf, usePreview } from "./preview.tsx";
import { NewSecret } from "./secret.tsx";

const t = text.postbacks;
type Template = Schema["PostbackTemplate"];

/** Address of the page that makes a postback; it may begin with an offer or a template. */
export const newAddress = (of: { template?: string; offer?: number; affiliate?: number }) =>
	`/postbacks/new${queryOf(of)}`;

export function NewPostback() {
	const [state, set] = useUrlState({ template: "", q: "", offer: "", affiliate: "" });
	const templates = useRead(["templates", "postbacks"], (signal) =>
		api.GET("/api/v1/templates/postbacks", { signal }),
	);
	const crumbs = [{ label: t.title, to: "/postbacks" }];
	const begun = owned(state.affiliate, state.offer);
	if (state.template === "scratch") return <Scratch begun={begun} crumbs={crumbs} />;
	if (templates.problem && !templates.data)
		return (
			<Page title={t.new} crumbs={crumbs}>
				<Failed problem={templates.problem} again={templates.again} />
			</Page>
		);
	return (
		<Read
			of={templates}
			wait={
				<Page title={t.new} crumbs={crumbs}>
					{null}
				</Page>
			}
		>
			{(got) => {
				const all = (got.data ?? []).filter(fitsSide);
				const chosen = all.find((one) => one.key === state.template);
				if (chosen) return <FromTemplate key={chosen.key} template={chosen} begun={begun} crumbs={crumbs} />;
				return (
					<Page title={t.new} lead={t.pick.lead} crumbs={crumbs}>
						<Templates
							all={all}
							q={state.q}
							onQ={(q) => set({ q }, { replace: true })}
							to={(template) => newAddress({ template, ...numbers(state) })}
						/>
					</Page>
				);
			}}
		</Read>
	);
}

const numbers = (s: { offer: string; affiliate: string }) => ({
	offer: Number(s.offer) || undefined,
	affiliate: Number(s.affiliate) || undefined,
});

// Templates of affiliates tell what an affiliate knows.
const fitsSide = (one: Template) =>
	one.for === "anyone" || one.for === side.value || side.value === "network";

/** What a new postback begins with: it is one's own, or nobody's yet. */
function owned(affiliate: string, offer: string): Postback {
	const who = viewing.value ?? me.value;
	const id = viewing.value?.id ?? me.value?.affiliate_id ?? me.value?.advertiser_id ?? 0;
	const own =
		who?.role === "advertiser"
			? { advertiser_id: id }
			: { affiliate_id: who?.role === "affiliate" ? id : Number(affiliate) || 0 };
	return { ...blank(own), ...(Number(offer) ? { offer_id: Number(offer) } : {}) };
}

function Templates({
	all,
	q,
	onQ,
	to,
}: {
	all: Template[];
	q: string;
	onQ: (q: string) => void;
	to: (template: string) => string;
}) {
	const word = q.trim().toLowerCase();
	const found = all.filter((one) => `${one.name} ${one.key} ${one.kind}`.toLowerCase().includes(word));
	const kinds = [...new Set(found.map((one) => one.kind))];
	return (
		<div class="stack loose">
			<div class="row">
				<div class="with-icon grow">
					<Search aria-hidden />
					<input
						class="input"
						type="search"
						aria-label={t.pick.search}
						placeholder={t.pick.search}
						value={q}
						onInput={(e) => onQ(e.currentTarget.value)}
					/>
				</div>
				<Go to={to("scratch")}>
					<PencilLine aria-hidden />
					{t.pick.scratch}
				</Go>
			</div>
			{found.length === 0 && <Empty title={t.pick.none}>{t.pick.noneHint}</Empty>}
			{kinds.map((kind) => (
				<section key={kind} class="stack tight">
					<h2>{t.pick.kinds[kind] ?? kind}</h2>
					<ul class="templates">
						{found
							.filter((one) => one.kind === kind)
							.map((one) => (
								<li key={one.key}>
									<Link href={to(one.key)} class="template">
										<span class="strong">{one.name}</span>
										<span class="mute small">{needs(one)}</span>
									</Link>
								</li>
							))}
					</ul>
				</section>
			))}
		</div>
	);
}

function needs(one: Template): string {
	const named = one.fields.filter((f) => !f.open && f.default === undefined).map((f) => wordOf(f.name));
	return named.length ? t.pick.needs(named.join(", ")) : t.pick.needsNothing;
}

type Crumbs = { label: string; to: string }[];
type Begun = { begun: Postback; crumbs: Crumbs };

/** Makes the postback, and leads to it; a drawn secret is shown before. */
function useMaking() {
	const [, go] = useLocation();
	const [made, setMade] = useState<Postback>();
	const making = useChange((body: Unsaved) => api.POST("/api/v1/postbacks", { body: body as never }), {
		touches: ["postbacks", "destinations"],
	});
	const leave = (id: number | undefined) => {
		toast(t.form.created);
		go(`/postbacks/${id}`);
	};
	const make = async (body: Unsaved) => {
		const got = await making.run(body);
		if (!got) return;
		setMade(got);
		if (!got.secret || got.secret.includes("•")) leave(got.id);
	};
	return { make, making, made, leave };
}

const chosenOwner = (p: Postback) =>
	useOf(p) === "network" || Boolean(p.owner?.affiliate_id || p.owner?.advertiser_id);

function FromTemplate({ template, begun, crumbs }: Begun & { template: Template }) {
	const [draft, setDraft] = useState<Postback>(begun);
	const [fill, setFill] = useState<Record<string, string>>({});
	const [source, setSource] = useState("");
	const [event, setEvent] = useState("");
	const { make, making, made, leave } = useMaking();
	const set = (change: Partial<Postback>) => setDraft((now) => ({ ...now, ...change }));
	const told = Object.fromEntries(Object.entries(fill).filter(([, v]) => v.trim() !== ""));
	const { owner, name, offer_id, goal } = draft;
	const unsaved = {
		...fieldsOf({ owner, name, offer_id, goal }),
		template: template.key,
		fill: told,
	};
	const dirty = !made && Object.keys(told).length > 0;
	useUnsaved(dirty);
	const enough =
		chosenOwner(draft) && template.fields.every((f) => f.open || f.default !== undefined || told[f.name]);
	const on = template.postback.on ?? [];
	const preview = usePreview(
		enough
			? { ...unsaved, conversion_id: source || undefined, event: (event || undefined) as never }
			: undefined,
	);
	return (
		<Page
			title={template.name}
			crumbs={[...crumbs, { label: t.new, to: "/postbacks/new" }]}
			lead={t.pick.customise}
		>
			<div class="editor">
				<Form
					label={template.name}
					problem={making.problem ?? (enough ? preview.problem : undefined)}
					warnings={preview.data?.warnings}
					onSubmit={() => void make(unsaved)}
				>
					<Card title={t.pick.fill(template.name)}>
						<div class="stack">
							{template.fields.map((f) => (
								<TemplateField
									key={f.name}
									field={f}
									at={`fill.${f.name}`}
									value={fill[f.name] ?? ""}
									onValue={(v) => setFill((now) => ({ ...now, [f.name]: v }))}
								/>
							))}
						</div>
					</Card>
					<Card title={t.form.when}>
						<div class="stack">
							{side.value === "network" && (
								<OwnerFields
									draft={draft}
									set={set}
									sides={template.for === "affiliate" ? ["affiliate"] : undefined}
								/>
							)}
							<div class="grid-2">
								<PickField
									kind="offer"
									name="offer_id"
									label={t.form.offer}
									hint={t.form.offerHint}
									value={draft.offer_id ? String(draft.offer_id) : ""}
									onValue={(v) => set({ offer_id: v ? Number(v) : undefined })}
								/>
								<GoalField draft={draft} set={set} />
							</div>
							<TextField
								name="name"
								label={t.form.name}
								placeholder={template.postback.name ?? template.name}
								value={draft.name ?? ""}
								onValue={(v) => set({ name: v })}
							/>
						</div>
					</Card>
					<div class="save-bar">
						<Button primary type="submit" busy={making.busy}>
							{t.form.create}
						</Button>
					</div>
					<Card title={t.pick.notes}>
						<ul class="notes stack tight">
							{template.notes.map((n) => (
								<li key={n}>{n}</li>
							))}
							<li class="mute small break">
								{t.pick.source}: {template.source}
							</li>
						</ul>
					</Card>
				</Form>
				<div class="beside">
					<PreviewCard
						draft={{ ...draft, on }}
						reading={preview}
						ready={enough}
						source={source}
						onSource={setSource}
						event={event}
						onEvent={setEvent}
					/>
				</div>
			</div>
			{made?.secret && <NewSecret secret={made.secret} onClose={() => leave(made.id)} />}
		</Page>
	);
}

function Scratch({ begun, crumbs }: Begun) {
	const [draft, setDraft] = useState<Postback>(begun);
	const [source, setSource] = useState("");
	const [event, setEvent] = useState("");
	const { make, making, made, leave } = useMaking();
	const set = (change: Partial<Postback>) => setDraft((now) => ({ ...now, ...change }));
	useUnsaved(!made && JSON.stringify(draft) !== JSON.stringify(begun));
	const ready = chosenOwner(draft) && (Boolean(draft.url) || Boolean(draft.parameters));
	const preview = usePreview(
		ready
			? { ...fieldsOf(draft), conversion_id: source || undefined, event: (event || undefined) as never }
			: undefined,
	);
	const told = toldOf([preview.problem, making.problem], preview.data?.warnings);
	const fields = { draft, set, told };
	return (
		<Page title={t.new} crumbs={[...crumbs, { label: t.new, to: "/postbacks/new" }]}>
			<div class="editor">
				<Form label={t.new} problem={making.problem} onSubmit={() => void make(fieldsOf(draft))}>
					<Card title={t.pick.title}>
						<div class="stack">
							<ScopeFields {...fields} made={false} />
						</div>
					</Card>
					<Card title={t.form.request}>
						<div class="stack">
							<RequestFields {...fields} />
						</div>
					</Card>
					<Card title={t.form.when}>
						<div class="stack">
							<WhenFields {...fields} />
						</div>
					</Card>
					<MoreFields {...fields} />
					<LimitFields {...fields} />
					<div class="save-bar">
						<Button primary type="submit" busy={making.busy}>
							{t.form.create}
						</Button>
					</div>
				</Form>
				<div class="beside">
					<PreviewCard
						draft={draft}
						reading={preview}
						ready={ready}
						source={source}
						onSource={setSource}
						event={event}
						onEvent={setEvent}
					/>
				</div>
			</div>
			{made?.secret && <NewSecret secret={made.secret} onClose={() => leave(made.id)} />}
		</Page>
	);
}
