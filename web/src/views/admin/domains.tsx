import { Globe, MoreHorizontal, Pause, Pencil, Play, Plus, RotateCw } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { useEdit } from "../../api/edit.ts";
import { ifMatch, type Tagged, tagged, wholeList } from "../../api/record.ts";
import { dateTime } from "../../lib/format.ts";
import { me } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Badge, Copy, Status } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { EditForm } from "../../ui/edit.tsx";
import { PickField, RadioField } from "../../ui/fields.tsx";
import { DialogForm, TextField } from "../../ui/form.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty, Failed, Notice, Read, Skeleton } from "../../ui/notice.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";
import { toast } from "../../ui/toast.tsx";
import "./admin.css";

const t = text.admin.domains;
type Domain = Schema["Domain"];
type Certificate = Schema["CertificateState"];

/** Host names of advertisers' own, under which tracking answers. */
export default function Domains() {
	const [f, set] = useUrlState({ new: "", edit: "" });
	const list = useRead(
		["domains"],
		(signal) => wholeList((query) => api.GET("/api/v1/domains", { params: { query }, signal })),
		{ every: 15_000 },
	);
	const rows = [...(list.data ?? [])].reverse();
	return (
		<Page
			title={text.nav.domains}
			lead={t.lead}
			actions={
				<>
					<Button onClick={list.again} busy={list.renewing}>
						<RotateCw aria-hidden />
						{t.refresh}
					</Button>
					<Button primary onClick={() => set({ new: "1" })}>
						<Plus aria-hidden />
						{t.create}
					</Button>
				</>
			}
		>
			{list.problem && !list.data ? (
				<Failed problem={list.problem} again={list.again} />
			) : list.loading ? (
				<Card>
					<Skeleton lines={6} />
				</Card>
			) : rows.length === 0 ? (
				<Card>
					<Empty icon={Globe} title={t.empty}>
						{t.emptyHint}
					</Empty>
				</Card>
			) : (
				<div class="domain-cards">
					{rows.map((d) => (
						<One key={d.id} domain={d} onEdit={() => set({ edit: String(d.id) })} />
					))}
				</div>
			)}
			{f.new && <NewDomain onClose={() => set({ new: "" }, { replace: true })} />}
			{f.edit && <EditDomain id={Number(f.edit)} onClose={() => set({ edit: "" }, { replace: true })} />}
		</Page>
	);
}

function One({ domain: d, onEdit }: { domain: Domain; onEdit: () => void }) {
	const change = useChange(
		(status: "active" | "paused") =>
			api.PATCH("/api/v1/domains/{id}", { params: { path: { id: d.id ?? 0 } }, body: { status } as never }),
		{ touches: ["domains"] },
	);
	const turn = async (to: "active" | "paused") => {
		if (await change.run(to))
			toast(t.told[to](d.host ?? ""), { undo: () => void change.run(to === "active" ? "paused" : "active") });
	};
	const active = d.status !== "paused";
	return (
		<Card
			title={<span class="break">{d.host}</span>}
			actions={
				<>
					<Status of={d.status ?? "active"} />
					<Menu
						label={t.actionsOf(d.host ?? "")}
						items={[
							{ label: t.editCertificate, icon: <Pencil aria-hidden />, onClick: onEdit },
							active
								? { label: t.pause, icon: <Pause aria-hidden />, onClick: () => void turn("paused") }
								: { label: t.activate, icon: <Play aria-hidden />, onClick: () => void turn("active") },
						]}
					>
						<MoreHorizontal aria-hidden />
					</Menu>
				</>
			}
		>
			<div class="stack">
				<Facts
					of={[
						[
							text.pick.advertiser,
							<Link key="a" href={`/advertisers/${d.advertiser_id}`}>
								<Named kind="advertiser" id={d.advertiser_id} plain />
							</Link>,
						],
						[t.dns, <Dns key="d" host={d.host ?? ""} />],
						[t.certificate, <CertificateOf key="c" domain={d} />],
					]}
				/>
				{d.tls?.problem && <Notice tone={d.tls.state === "ready" ? "warn" : "bad"}>{d.tls.problem}</Notice>}
			</div>
		</Card>
	);
}

const tones = {
	ready: "good",
	waiting: "info",
	failing: "bad",
	expired: "bad",
	idle: "mute",
	off: "warn",
} as const;

function CertificateOf({ domain: d }: { domain: Domain }) {
	const c = d.tls as Certificate | undefined;
	if (!c) return <span class="mute">–</span>;
	return (
		<span class="stack tight">
			<span class="row">
				<Badge tone={tones[c.state]}>{t.states[c.state]}</Badge>
				<span class="mute small">{t.ways[d.certificate].label}</span>
			</span>
			<span class="small mute">
				{[
					t.means[c.state],
					c.expires_at && t.expires(dateTime(c.expires_at)),
					c.issuer && t.issuer(c.issuer),
					c.next_attempt_at && t.next(dateTime(c.next_attempt_at)),
					c.checked_at && t.checked(dateTime(c.checked_at)),
				]
					.filter(Boolean)
					.join(" ")}
			</span>
		</span>
	);
}

/** The record that a domain needs in DNS. */
export function Dns({ host }: { host: string }) {
	const at = target();
	if (!at) return <span class="mute">{t.dnsAddress}</span>;
	return (
		<span class="stack tight">
			<span class="row tight">
				<code class="break">
					{host || t.yourHost} CNAME {at}
				</code>
				<Copy value={at} />
			</span>
			<span class="small mute">{t.dnsHint}</span>
		</span>
	);
}

// A CNAME leads to a name; where tracking answers under an address alone there is none.
function target(): string | undefined {
	try {
		const name = new URL(me.value?.public_url ?? "").hostname;
		return name.includes(":") || /^[\d.]+$/.test(name) || !name.includes(".") ? undefined : name;
	} catch {
		return undefined;
	}
}

type CertificateFields = Pick<Domain, "certificate" | "cert_file" | "key_file">;

function Certificates({
	value: d,
	set,
}: {
	value: CertificateFields;
	set: (change: Partial<CertificateFields>) => void;
}) {
	return (
		<>
			<RadioField
				label={t.certificate}
				name="certificate"
				value={d.certificate}
				onValue={(v) => set({ certificate: v as Domain["certificate"] })}
				choices={(["acme", "file", "none"] as const).map((value) => ({ value, ...t.ways[value] }))}
			/>
			{d.certificate === "file" && (
				<div class="grid-2">
					<TextField
						label={t.certFile}
						name="cert_file"
						hint={t.fileHint}
						code
						placeholder="shop/fullchain.pem"
						value={d.cert_file ?? ""}
						onValue={(cert_file) => set({ cert_file })}
					/>
					<TextField
						label={t.keyFile}
						name="key_file"
						hint={t.fileHint}
						code
						placeholder="shop/privkey.pem"
						value={d.key_file ?? ""}
						onValue={(key_file) => set({ key_file })}
					/>
				</div>
			)}
		</>
	);
}

function NewDomain({ onClose }: { onClose: () => void }) {
	const [host, setHost] = useState("");
	const [advertiser, setAdvertiser] = useState("");
	const [d, setDomain] = useState<CertificateFields>({ certificate: "acme" });
	const make = useChange(
		() =>
			api.POST("/api/v1/domains", {
				body: {
					host: host.trim(),
					advertiser_id: Number(advertiser) || undefined,
					certificate: d.certificate,
					...(d.certificate === "file"
						? { cert_file: d.cert_file || undefined, key_file: d.key_file || undefined }
						: {}),
				} as never,
			}),
		{ touches: ["domains"], quiet: true },
	);
	const submit = async () => {
		const made = await make.run();
		if (!made) return;
		toast(made.warnings?.[0]?.message ?? t.made(made.host ?? host));
		onClose();
	};
	return (
		<DialogForm title={t.create} submit={t.submit} change={make} onSubmit={submit} onClose={onClose}>
			<TextField
				label={t.host}
				name="host"
				hint={t.hostHint}
				code
				placeholder="go.shop.example"
				value={host}
				onValue={setHost}
				autoFocus
			/>
			<PickField
				kind="advertiser"
				label={text.pick.advertiser}
				name="advertiser_id"
				hint={t.advertiserHint}
				value={advertiser}
				onValue={setAdvertiser}
			/>
			<Certificates value={d} set={(change) => setDomain({ ...d, ...change })} />
			<Notice>
				<p class="strong">{t.dnsTitle}</p>
				<Dns host={host.trim()} />
			</Notice>
		</DialogForm>
	);
}

function EditDomain({ id, onClose }: { id: number; onClose: () => void }) {
	const domain = useRead(
		["domains", id],
		(signal) => tagged(api.GET("/api/v1/domains/{id}", { params: { path: { id } }, signal })),
		{ keep: false },
	);
	return (
		<Dialog title={domain.data?.value.host ?? text.nav.domains} onClose={onClose}>
			<Read of={domain}>{(record) => <DomainForm record={record} />}</Read>
		</Dialog>
	);
}

function DomainForm({ record }: { record: Tagged<Domain> }) {
	const path = { id: record.value.id ?? 0 };
	const edit = useEdit<Domain>(record, {
		send: (patch, etag) =>
			api.PATCH("/api/v1/domains/{id}", { params: { path, header: ifMatch(etag) }, body: patch as never }),
		reread: () => api.GET("/api/v1/domains/{id}", { params: { path } }),
		touches: ["domains"],
	});
	return (
		<EditForm edit={edit} label={t.editCertificate} names={text.setup.fieldNames}>
			<Certificates value={edit.draft} set={edit.set} />
		</EditForm>
	);
}
