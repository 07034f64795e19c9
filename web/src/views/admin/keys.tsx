import { KeyRound, Plus } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type Schema, useChange } from "../../api/client.ts";
import { useListed } from "../../api/found.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Badge, Code, Status, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { ask, Dialog } from "../../ui/dialog.tsx";
import { PickField, RadioField } from "../../ui/fields.tsx";
import { CheckField, DialogForm, TextField } from "../../ui/form.tsx";
import { Paged, SearchField } from "../../ui/list.tsx";
import { Empty, Notice } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { type Column, Table } from "../../ui/table.tsx";

const t = text.admin.keys;
type Key = Schema["Key"];
type Role = "network" | "advertiser" | "affiliate" | "publishable";

/** The keys by which programs call the API. */
export default function Keys() {
	const [f, set] = useUrlState({ q: "", show: "good", new: "" });
	const [secret, setSecret] = useState<string>();
	const list = useListed<Key>(
		["keys"],
		f.q,
		(query, signal) => api.GET("/api/v1/keys", { params: { query }, signal }),
		{ fits: (k) => f.show === "all" || !k.revoked_at },
	);
	const revoke = useChange((id: number) => api.DELETE("/api/v1/keys/{id}", { params: { path: { id } } }), {
		touches: ["keys"],
		done: t.revoked,
	});
	const end = async (k: Key) => {
		const sure = await ask({
			title: t.revokeTitle(k.name || `${k.prefix}…`),
			body: t.revokeHint,
			yes: t.revoke,
			danger: true,
		});
		if (sure) void revoke.run(k.id ?? 0);
	};
	const { rows } = list;
	const make = (
		<Button primary onClick={() => set({ new: "1" })}>
			<Plus aria-hidden />
			{t.create}
		</Button>
	);
	const columns: Column<Key>[] = [
		{
			key: "name",
			phone: "title",
			head: t.name,
			cell: (k) => k.name || <span class="mute">{t.unnamed}</span>,
		},
		{
			key: "role",
			head: t.role,
			cell: (k) => (
				<span class="row tight">
					{t.roles[k.role as Role]?.label ?? k.role}
					{k.test && <Badge tone="info">{t.test}</Badge>}
				</span>
			),
		},
		{
			key: "party",
			head: t.party,
			cell: (k) =>
				k.advertiser_id ? (
					<Link href={`/advertisers/${k.advertiser_id}`}>{t.advertiser(k.advertiser_id)}</Link>
				) : k.affiliate_id ? (
					<Link href={`/affiliates/${k.affiliate_id}`}>{t.affiliate(k.affiliate_id)}</Link>
				) : (
					<span class="mute">–</span>
				),
		},
		{ key: "prefix", head: t.begins, cell: (k) => <code>{k.prefix}…</code> },
		{ key: "made", head: t.made, cell: (k) => <When at={k.created_at} /> },
		{
			key: "status",
			phone: "aside",
			head: t.status,
			cell: (k) => <Status of={k.revoked_at ? "revoked" : "active"} />,
		},
		{
			key: "do",
			phone: "wide",
			head: <span class="visually-hidden">{t.actions}</span>,
			end: true,
			cell: (k) =>
				!k.revoked_at && (
					<Button
						small
						quiet
						danger
						aria-label={t.revokeTitle(k.name || `${k.prefix}…`)}
						onClick={() => void end(k)}
					>
						{t.revoke}
					</Button>
				),
		},
	];
	return (
		<Page title={text.nav.keys} lead={t.lead} actions={make}>
			<div class="filters" role="search">
				<SearchField label={t.search} value={f.q} onValue={(q) => set({ q }, { replace: true })} />
				<select
					class="select"
					aria-label={t.status}
					value={f.show}
					onChange={(e) => set({ show: e.currentTarget.value })}
				>
					<option value="good">{t.good}</option>
					<option value="all" selected={f.show === "all"}>
						{t.all}
					</option>
				</select>
			</div>
			<Card flush>
				<Paged of={list}>
					<Table
						stack
						caption={text.nav.keys}
						columns={columns}
						rows={rows}
						rowKey={(k) => k.id ?? 0}
						loading={list.loading}
						empty={
							f.q ? (
								<Empty title={t.noneFit} />
							) : (
								<Empty icon={KeyRound} title={t.empty} action={make}>
									{t.emptyHint}
								</Empty>
							)
						}
					/>
				</Paged>
			</Card>
			{f.new && (
				<NewKey
					onClose={() => set({ new: "" }, { replace: true })}
					onMade={(s) => {
						set({ new: "" }, { replace: true });
						setSecret(s);
					}}
				/>
			)}
			{secret && <Shown secret={secret} onClose={() => setSecret(undefined)} />}
		</Page>
	);
}

function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
	const [role, setRole] = useState<Role>("network");
	const [party, setParty] = useState("");
	const [name, setName] = useState("");
	const [test, setTest] = useState(false);
	const kind = role === "affiliate" ? "affiliate" : role === "network" ? undefined : "advertiser";
	const make = useChange(
		() =>
			api.POST("/api/v1/keys", {
				body: {
					role,
					name: name.trim() || undefined,
					test: test || undefined,
					...(kind && party ? { [`${kind}_id`]: Number(party) } : {}),
				} as never,
			}),
		{ touches: ["keys"], quiet: true },
	);
	const submit = async () => {
		const made = await make.run();
		if (made) onMade(made.secret);
	};
	return (
		<DialogForm title={t.create} submit={t.submit} change={make} onSubmit={submit} onClose={onClose}>
			<TextField
				label={t.name}
				name="name"
				hint={t.nameHint}
				value={name}
				onValue={setName}
				maxLength={200}
			/>
			<RadioField
				label={t.role}
				name="role"
				value={role}
				onValue={(v) => {
					setRole(v as Role);
					setParty("");
				}}
				choices={(["network", "advertiser", "affiliate", "publishable"] as const).map((value) => ({
					value,
					...t.roles[value],
				}))}
			/>
			{kind && (
				<PickField
					key={kind}
					kind={kind}
					label={text.pick[kind]}
					name={`${kind}_id`}
					value={party}
					onValue={setParty}
				/>
			)}
			<CheckField label={t.testLabel} hint={t.testHint} value={test} onValue={setTest} />
		</DialogForm>
	);
}

function Shown({ secret, onClose }: { secret: string; onClose: () => void }) {
	return (
		<Dialog
			title={t.shown}
			onClose={onClose}
			footer={
				<Button primary onClick={onClose}>
					{t.kept}
				</Button>
			}
		>
			<Notice tone="warn">{t.once}</Notice>
			<Code of={secret} wrap label={t.shown} />
			<p class="mute small">{t.use}</p>
			<Code of={`Authorization: Bearer ${secret}`} wrap label={t.header} />
		</Dialog>
	);
}
