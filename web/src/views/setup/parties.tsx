// What advertisers and affiliates have in common: their lists, and what is theirs.
import { Eye, Link2, Plus, Send, UserRound, UsersRound } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { api, cache, type Schema, useChange } from "../../api/client.ts";
import { useFirst, useFound, useListed } from "../../api/found.ts";
import { may, viewAs, viewing } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Badge, Status, When } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { DialogForm, SelectField, TextField } from "../../ui/form.tsx";
import { Paged, SearchField } from "../../ui/list.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import type { Advertiser, Affiliate } from "./types.ts";
import { metricName, metricsOf, useWeek } from "./week.tsx";

const t = text.setup.parties;

/** Which of the two it is about. */
export type Kind = "advertiser" | "affiliate";
type Party = (Advertiser | Affiliate) & { id?: number; name?: string; status?: string };

/** Shows the console through a partner's eyes. */
export function ViewAs({ kind, id, name }: { kind: Kind; id: number; name: string }) {
	const [, go] = useLocation();
	if (viewing.value) return null;
	return (
		<Button
			onClick={() => {
				viewAs({ role: kind, id, name });
				void cache.invalidateQueries();
				go("/");
			}}
		>
			<Eye aria-hidden />
			{t.viewAs}
		</Button>
	);
}

const statuses = { advertiser: ["active", "paused"], affiliate: ["active", "pending", "blocked"] } as const;

/** The list of advertisers, or of affiliates. */
export function Parties({ kind }: { kind: Kind }) {
	const [f, set] = useUrlState({ q: "", status: "", new: "" });
	const [, go] = useLocation();
	const list = useFound(
		kind,
		f.q,
		{ status: f.status || undefined },
		(p) =>
			(!f.status || (p.status ?? "active") === f.status) &&
			`${p.name} ${p.id}`.toLowerCase().includes(f.q.trim().toLowerCase()),
	);
	const rows: Party[] = list.rows;
	const week = useWeek(kind);
	const offers = useFirst("offer", kind === "advertiser");
	const words = t[kind];
	const make = may("write") && (
		<Button primary onClick={() => set({ new: "1" })}>
			<Plus aria-hidden />
			{words.create}
		</Button>
	);
	const columns: Column<Party>[] = [
		{
			key: "name",
			phone: "title",
			head: words.name,
			cell: (p) => (
				<>
					<Link href={`/${kind}s/${p.id}`}>{said(p.name)}</Link>
					<div class="mute small">#{p.id}</div>
				</>
			),
		},
		{
			key: "status",
			phone: "aside",
			head: text.setup.offers.status,
			width: 110,
			cell: (p) => <Status of={p.status ?? "active"} />,
		},
		...(kind === "advertiser"
			? [
					{ key: "proof", head: t.proof, cell: (p: Party) => <Proof of={p as Advertiser} /> },
					// Where there are many, counting them takes reading them all.
					...(offers.whole
						? [
								{
									key: "offers",
									head: text.nav.offers,
									end: true,
									cell: (p: Party) =>
										(offers.data?.data ?? []).filter(
											(o) => o.advertiser_id === p.id && o.status !== "archived",
										).length,
								},
							]
						: []),
				]
			: []),
		...metricsOf()
			.filter((m) => m !== (kind === "advertiser" ? "payout" : "revenue"))
			.map((m) => ({
				key: m,
				head: text.setup.offers.inWeek(metricName(m)),
				end: true,
				cell: (p: Party) => week.written(p.id, m) ?? <span class="mute">–</span>,
			})),
	];
	return (
		<Page title={words.title} lead={words.lead} actions={make}>
			<div class="filters" role="search">
				<SearchField label={words.search} value={f.q} onValue={(q) => set({ q }, { replace: true })} />
				<select
					class="select"
					aria-label={text.setup.offers.status}
					value={f.status}
					onChange={(e) => set({ status: e.currentTarget.value })}
				>
					<option value="">{t.anyStatus}</option>
					{statuses[kind].map((s) => (
						<option key={s} value={s} selected={s === f.status}>
							{text.status[s]}
						</option>
					))}
				</select>
			</div>
			<Card flush>
				<Paged of={list}>
					<Table
						stack
						caption={words.title}
						columns={columns}
						rows={rows}
						rowKey={(p) => p.id ?? 0}
						onRow={(p) => go(`/${kind}s/${p.id}`)}
						loading={list.loading}
						empty={
							list.none ? (
								<Empty icon={UsersRound} title={words.empty} action={make}>
									{words.emptyHint}
								</Empty>
							) : (
								<Empty
									title={text.setup.offers.noneFit}
									action={
										<Button onClick={() => set({ q: "", status: "" })}>{text.setup.offers.showAll}</Button>
									}
								/>
							)
						}
					/>
				</Paged>
			</Card>
			{f.new && may("write") && <NewParty kind={kind} onClose={() => set({ new: "" }, { replace: true })} />}
		</Page>
	);
}

/** How an advertiser's postbacks prove where they come from. */
export function Proof({ of }: { of: Advertiser }) {
	const way = of.postback_auth ?? "off";
	if (way !== "off") return <Badge tone="good">{t.proofs[way]}</Badge>;
	return of.ip_allow?.length ? (
		<Badge tone="info">{t.proofs.ip}</Badge>
	) : (
		<Badge tone="warn">{t.proofs.off}</Badge>
	);
}

function NewParty({ kind, onClose }: { kind: Kind; onClose: () => void }) {
	const [, go] = useLocation();
	const [name, setName] = useState("");
	const [choice, setChoice] = useState(kind === "advertiser" ? "token" : "active");
	const words = t[kind];
	const make = useChange(
		(): Promise<{ data?: Party; error?: unknown; response: Response }> =>
			kind === "advertiser"
				? api.POST("/api/v1/advertisers", {
						body: {
							name,
							postback_auth: choice as NonNullable<Advertiser["postback_auth"]>,
							status: "active",
							strict: true,
						},
					})
				: api.POST("/api/v1/affiliates", {
						body: { name, status: choice as NonNullable<Affiliate["status"]> },
					}),
		{ touches: [`${kind}s`], quiet: true },
	);
	const submit = async () => {
		const p = await make.run();
		if (p) go(`/${kind}s/${p.id}`);
	};
	return (
		<DialogForm title={words.create} submit={words.submit} change={make} onSubmit={submit} onClose={onClose}>
			<TextField label={words.name} name="name" value={name} onValue={setName} maxLength={200} autoFocus />
			{kind === "advertiser" ? (
				<SelectField
					label={t.proof}
					name="postback_auth"
					hint={t.proofHint}
					value={choice}
					onValue={setChoice}
					choices={[
						{ value: "token", label: t.proofs.token },
						{ value: "signature", label: t.proofs.signature },
						{ value: "off", label: t.proofs.off },
					]}
				/>
			) : (
				<SelectField
					label={text.setup.offers.status}
					name="status"
					hint={t.statusHint}
					value={choice}
					onValue={setChoice}
					choices={[
						{ value: "active", label: text.status.active },
						{ value: "pending", label: text.status.pending },
					]}
				/>
			)}
		</DialogForm>
	);
}

/** The postbacks that go to a partner. */
export function PostbacksOf({ kind, id }: { kind: Kind; id: number }) {
	const list = useListed<Schema["Postback"]>(["postbacks", kind, id], "", (asked, signal) =>
		api.GET("/api/v1/postbacks", { params: { query: { [`${kind}_id`]: String(id), ...asked } }, signal }),
	);
	const [, go] = useLocation();
	return (
		<Card
			flush
			title={text.nav.postbacks}
			actions={
				<Go small to={`/postbacks?${kind}=${id}`}>
					{t.allPostbacks}
				</Go>
			}
		>
			<Paged of={list}>
				<Table
					stack
					caption={text.nav.postbacks}
					columns={[
						{
							key: "name",
							phone: "title",
							head: t.postbackName,
							cell: (p) => <Link href={`/postbacks/${p.id}`}>{said(p.name || p.url || `#${p.id}`)}</Link>,
						},
						{
							key: "status",
							phone: "aside",
							head: text.setup.offers.status,
							cell: (p) => <Status of={p.status} />,
						},
						{ key: "on", head: t.on, wrap: true, cell: (p) => (p.on ?? []).join(", ") },
						{
							key: "offer",
							head: text.pick.offer,
							cell: (p) => (p.offer_id ? `#${p.offer_id}` : text.common.all),
						},
					]}
					rows={list.rows}
					rowKey={(p) => p.id ?? 0}
					onRow={(p) => go(`/postbacks/${p.id}`)}
					loading={list.loading}
					empty={
						<Empty icon={Send} title={t.noPostbacks}>
							{t.noPostbacksHint}
						</Empty>
					}
				/>
			</Paged>
		</Card>
	);
}

/** The short links of an affiliate. */
export function LinksOf({ id }: { id: number }) {
	const list = useListed<Schema["Link"]>(["links", "affiliate", id], "", (asked, signal) =>
		api.GET("/api/v1/links", { params: { query: { affiliate_id: String(id), ...asked } }, signal }),
	);
	return (
		<Card
			flush
			title={text.nav.links}
			actions={
				<Go small to={`/links?affiliate=${id}`}>
					{t.allLinks}
				</Go>
			}
		>
			<Paged of={list}>
				<Table
					stack
					caption={text.nav.links}
					columns={[
						{ key: "code", phone: "title", head: t.code, cell: (l) => <code>/c/{l.code}</code> },
						{
							key: "offer",
							phone: "wide",
							head: text.pick.offer,
							cell: (l) => <Named kind="offer" id={l.offer_id} />,
						},
						{ key: "query", phone: "wide", head: t.values, wrap: true, cell: (l) => l.query ?? "" },
						{
							key: "status",
							phone: "aside",
							head: text.setup.offers.status,
							cell: (l) => <Status of={l.status} />,
						},
						{ key: "at", head: t.made, cell: (l) => <When at={l.created_at} /> },
					]}
					rows={list.rows}
					rowKey={(l) => l.code ?? ""}
					loading={list.loading}
					empty={<Empty icon={Link2} title={t.noLinks} />}
				/>
			</Paged>
		</Card>
	);
}

/** The people who sign in for a partner. */
export function PeopleOf({ kind, id }: { kind: Kind; id: number }) {
	const list = useListed<Schema["User"]>(["users", kind, id], "", (asked, signal) =>
		api.GET("/api/v1/users", { params: { query: { [`${kind}_id`]: id, ...asked } }, signal }),
	);
	const { rows } = list;
	return (
		<Card
			flush
			title={text.nav.users}
			actions={
				<Go small to={`/users?new=${kind}-${id}`}>
					{t.invite}
				</Go>
			}
		>
			<Paged of={list}>
				<Table
					stack
					caption={text.nav.users}
					columns={[
						{ key: "name", phone: "title", head: t.person, cell: (u) => u.name || u.email },
						{ key: "email", phone: "wide", head: t.email, cell: (u) => u.email },
						{
							key: "status",
							phone: "aside",
							head: text.setup.offers.status,
							cell: (u) => <Status of={u.status} />,
						},
						{ key: "seen", head: t.seen, cell: (u) => <When at={u.last_seen_at} /> },
					]}
					rows={rows}
					rowKey={(u) => u.id ?? 0}
					loading={list.loading}
					empty={
						<Empty icon={UserRound} title={t.noPeople}>
							{t.noPeopleHint}
						</Empty>
					}
				/>
			</Paged>
		</Card>
	);
}
