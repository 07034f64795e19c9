import { Ellipsis, UserPlus } from "lucide-preact";
import { useState } from "preact/hooks";
import { api, type Schema, useChange } from "../../api/client.ts";
import { useListed } from "../../api/found.ts";
import { ago } from "../../lib/format.ts";
import { may, me } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Badge, Code, Status } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { ask, Dialog } from "../../ui/dialog.tsx";
import { Field, Form, SelectField, TextField } from "../../ui/form.tsx";
import { SearchField } from "../../ui/list.tsx";
import { type Item, Menu } from "../../ui/menu.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty, Failed, Notice } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Pick } from "../../ui/picker.tsx";
import { said } from "../../ui/said.tsx";
import { Table, TableFoot } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";

type Role = "owner" | "manager" | "analyst" | "advertiser" | "affiliate";
type User = Schema["User"] & { email: string; role: Role };

const t = text.users;

/** The people who sign in: who they are, what they may, and new ones. */
export default function Users() {
	const [state, set] = useUrlState({ q: "", new: "" });
	const [link, setLink] = useState<{ url: string; mailed: boolean; email: string }>();
	const list = useListed<Schema["User"]>(["users"], state.q, (query, signal) =>
		api.GET("/api/v1/users", { params: { query }, signal }),
	);
	const rows = list.rows as User[];
	return (
		<Page
			title={t.title}
			lead={t.lead}
			actions={
				<Button primary onClick={() => set({ new: "1" })}>
					<UserPlus aria-hidden />
					{t.invite}
				</Button>
			}
		>
			<div class="filters" role="search">
				<SearchField label={t.search} value={state.q} onValue={(q) => set({ q }, { replace: true })} />
			</div>
			<Card flush>
				{list.problem && rows.length === 0 ? (
					<Failed problem={list.problem} again={list.again} />
				) : (
					<>
						<Table
							stack
							caption={t.title}
							rows={rows}
							rowKey={(u) => u.id ?? 0}
							loading={list.loading}
							empty={state.q ? <Empty title={t.noneFit} /> : <Empty title={t.none}>{t.noneHint}</Empty>}
							columns={[
								{
									key: "who",
									phone: "title",
									head: t.who,
									cell: (u) => (
										<>
											<span class="strong">{said(u.name || u.email)}</span>{" "}
											{u.id === me.value?.user?.id && <Badge tone="info">{t.you}</Badge>}
											{u.name && <div class="mute small">{said(u.email)}</div>}
										</>
									),
								},
								{ key: "role", head: t.role, cell: (u) => <RoleOf of={u} /> },
								{
									key: "status",
									head: t.status,
									cell: (u) => (
										<Status of={u.status === "disabled" ? "disabled" : u.joined_at ? "active" : "invited"} />
									),
								},
								{
									key: "safety",
									head: t.safety,
									cell: (u) =>
										[u.totp && t.totp, u.passkeys ? t.passkeys(u.passkeys) : ""].filter(Boolean).join(", ") ||
										t.passwordOnly,
								},
								{
									key: "seen",
									head: t.seen,
									cell: (u) => (u.last_seen_at ? ago(u.last_seen_at) : text.auth.account.never),
								},
								{
									key: "more",
									phone: "menu",
									head: <span class="visually-hidden">{t.actions}</span>,
									end: true,
									cell: (u) => <More user={u} onLink={setLink} />,
								},
							]}
						/>
						{rows.length > 0 && (
							<TableFoot shown={rows.length} next={list.next} onMore={list.more} busy={list.busy} />
						)}
					</>
				)}
			</Card>
			{state.new && (
				<Invite
					of={state.new}
					onClose={() => set({ new: "" })}
					onLink={(l) => {
						set({ new: "" });
						setLink(l);
					}}
				/>
			)}
			{link && (
				<Dialog
					title={t.linkTitle}
					onClose={() => setLink(undefined)}
					footer={
						<Button primary onClick={() => setLink(undefined)}>
							{text.common.close}
						</Button>
					}
				>
					<Notice tone={link.mailed ? "good" : "info"}>
						{link.mailed ? t.mailed(link.email) : t.notMailed(link.email)}
					</Notice>
					<Code of={link.url} wrap label={t.linkTitle} />
				</Dialog>
			)}
		</Page>
	);
}

const roles = t.roles as Record<string, string>;

function RoleOf({ of: u }: { of: User }) {
	return (
		<>
			{roles[u.role] ?? u.role}
			{u.advertiser_id || u.affiliate_id ? (
				<>
					<br />
					<span class="small">
						<Named
							kind={u.advertiser_id ? "advertiser" : "affiliate"}
							id={u.advertiser_id || u.affiliate_id}
						/>
					</span>
				</>
			) : null}
		</>
	);
}

type Shown = { url: string; mailed: boolean; email: string };

// Which roles somebody may give: a manager only those of partners.
const given = () =>
	(may("administer")
		? ["owner", "manager", "analyst", "advertiser", "affiliate"]
		: ["advertiser", "affiliate"]) as Role[];

// `of` names the partner that somebody is invited for, as affiliate-6.
function Invite(props: { of: string; onClose: () => void; onLink: (l: Shown) => void }) {
	const { onClose, onLink } = props;
	const [, kind, id] = /^(affiliate|advertiser)-(\d+)$/.exec(props.of) ?? [];
	const [email, setEmail] = useState("");
	const [name, setName] = useState("");
	const [role, setRole] = useState<Role>((kind ?? given()[given().length > 2 ? 1 : 0]) as Role);
	const [party, setParty] = useState(id ?? "");
	const change = useChange(
		() =>
			api.POST("/api/v1/users", {
				body: {
					email,
					name: name || undefined,
					role,
					status: "active",
					advertiser_id: role === "advertiser" ? Number(party) || undefined : undefined,
					affiliate_id: role === "affiliate" ? Number(party) || undefined : undefined,
				},
			}),
		{ touches: ["users", "audit"], quiet: true },
	);
	const send = async () => {
		const made = await change.run();
		if (made) onLink({ url: made.link, mailed: made.mailed, email });
	};
	const partner = role === "advertiser" || role === "affiliate";
	return (
		<Dialog title={t.invite} onClose={onClose}>
			<Form problem={change.problem} onSubmit={send}>
				<TextField
					label={text.auth.email}
					name="email"
					type="email"
					value={email}
					onValue={setEmail}
					autoFocus
				/>
				<TextField label={`${t.name} (${text.common.optional})`} name="name" value={name} onValue={setName} />
				<SelectField
					label={t.role}
					name="role"
					value={role}
					onValue={(v) => setRole(v as Role)}
					hint={(t.roleHints as Record<string, string>)[role]}
					choices={given().map((r) => ({ value: r, label: roles[r] ?? r }))}
				/>
				{partner && (
					<Field label={text.pick[role as "advertiser" | "affiliate"]} name={`${role}_id`}>
						{(inner) => (
							<Pick
								kind={role as "advertiser" | "affiliate"}
								value={party}
								onValue={setParty}
								id={inner.id}
								invalid={inner["aria-invalid"] === "true"}
								describedBy={inner["aria-describedby"]}
							/>
						)}
					</Field>
				)}
				<div class="row">
					<Button primary type="submit" busy={change.busy}>
						{t.send}
					</Button>
					<Button onClick={onClose}>{text.common.cancel}</Button>
				</div>
			</Form>
		</Dialog>
	);
}

function More({ user: u, onLink }: { user: User; onLink: (l: Shown) => void }) {
	const path = { id: u.id as number };
	const touches = { touches: ["users", "audit"] };
	const invite = useChange(() => api.POST("/api/v1/users/{id}/invite", { params: { path } }), touches);
	const reset = useChange(() => api.POST("/api/v1/users/{id}/reset", { params: { path } }), touches);
	const patch = useChange(
		(body: { status?: User["status"]; role?: Role }) =>
			api.PATCH("/api/v1/users/{id}", { params: { path }, body }),
		touches,
	);
	const remove = useChange(() => api.DELETE("/api/v1/users/{id}", { params: { path } }), {
		...touches,
		done: t.removed,
	});
	const partner = u.role === "advertiser" || u.role === "affiliate";
	if (!partner && !may("administer")) return null;
	const name = u.name || u.email;
	const link = async (asked: typeof invite) => {
		const got = await asked.run();
		if (got) onLink({ url: got.link, mailed: got.mailed, email: u.email });
	};
	const disable = async (status: "active" | "disabled") => {
		if (await patch.run({ status }))
			toast(status === "disabled" ? t.disabled(name) : t.enabled(name), {
				undo: () => void patch.run({ status: status === "disabled" ? "active" : "disabled" }),
			});
	};
	const become = async (role: Role) => {
		if (await patch.run({ role }))
			toast(t.nowRole(name, roles[role] ?? role), { undo: () => void patch.run({ role: u.role }) });
	};
	const gone = async () => {
		if (await ask({ title: t.removeTitle(name), body: t.removeBody, yes: t.remove, danger: true }))
			await remove.run();
	};
	const items: Item[] = [];
	if (u.joined_at) items.push({ label: t.reset, onClick: () => void link(reset) });
	else items.push({ label: t.inviteAgain, onClick: () => void link(invite) });
	if (!partner) {
		items.push("line", { title: t.makeRole });
		for (const r of ["owner", "manager", "analyst"] as const)
			if (r !== u.role) items.push({ label: roles[r] ?? r, onClick: () => void become(r) });
	}
	items.push("line");
	items.push(
		u.status === "disabled"
			? { label: t.enable, onClick: () => void disable("active") }
			: { label: t.disable, onClick: () => void disable("disabled") },
	);
	items.push({ label: t.remove, danger: true, onClick: () => void gone() });
	return (
		<Menu label={t.more(name)} items={items} class="btn quiet icon small">
			<Ellipsis aria-hidden />
		</Menu>
	);
}
