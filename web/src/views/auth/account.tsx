import { Fingerprint, Monitor } from "lucide-preact";
import { useState } from "preact/hooks";
import { auth } from "../../api/auth.ts";
import { cache, renewMe, useRead } from "../../api/client.ts";
import { type Problem, problemOf } from "../../lib/problem.ts";
import { me } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Code, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { ask, Dialog } from "../../ui/dialog.tsx";
import { Form, SelectField, TextField } from "../../ui/form.tsx";
import { Notice, Read } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Qr } from "../../ui/qr.tsx";
import { said } from "../../ui/said.tsx";
import { toast } from "../../ui/toast.tsx";
import { addPasskey, knowsPasskeys } from "./passkey.ts";

const t = text.auth.account;

/** What one has oneself: profile, password, passkeys, codes, sessions. */
export default function Account() {
	return (
		<Page title={t.title} lead={me.value?.user?.email}>
			<div class="grid-2">
				<div class="stack">
					<Profile />
					<Password />
				</div>
				<div class="stack">
					<Passkeys />
					<Totp />
				</div>
			</div>
			<div style={{ marginTop: "16px" }}>
				<Sessions />
			</div>
		</Page>
	);
}

// Reads a door of the log-in as the API is read.
function useAuth<T>(path: string) {
	return useRead<T>([path], () =>
		auth.get<T>(path).then(
			(data) => ({ data, response: new Response(null, { status: 200 }) }),
			(e) => ({
				error: { detail: problemOf(e).message },
				response: new Response(null, { status: problemOf(e).status || 599 }),
			}),
		),
	);
}

// Does something, and keeps what went wrong.
function useAct(): [
	Problem | undefined,
	boolean,
	(what: () => Promise<unknown>, done?: string) => Promise<boolean>,
] {
	const [problem, setProblem] = useState<Problem>();
	const [busy, setBusy] = useState(false);
	const act = async (what: () => Promise<unknown>, done?: string) => {
		setBusy(true);
		setProblem(undefined);
		try {
			await what();
			if (done) toast(done);
			return true;
		} catch (e) {
			setProblem(problemOf(e));
			return false;
		} finally {
			setBusy(false);
		}
	};
	return [problem, busy, act];
}

function Profile() {
	const now = me.value?.user;
	const [name, setName] = useState(now?.name ?? "");
	const [zone, setZone] = useState(now?.zone ?? "");
	const [locale, setLocale] = useState(now?.locale ?? "");
	const [problem, busy, act] = useAct();
	const browser = Intl.DateTimeFormat().resolvedOptions();
	const zones = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((z) => z !== "UTC")];
	const locales = [
		"en-GB",
		"en-US",
		"de-DE",
		"es-ES",
		"fr-FR",
		"it-IT",
		"nl-NL",
		"pl-PL",
		"pt-BR",
		"sv-SE",
		"ja-JP",
	];
	const names = new Intl.DisplayNames([navigator.language], { type: "language" });
	const save = () =>
		act(async () => {
			await auth.patch("profile", { name, zone, locale });
			await renewMe();
		}, text.common.saved);
	return (
		<Card title={t.profile}>
			<Form problem={problem} onSubmit={save}>
				<TextField label={t.name} name="name" autocomplete="name" value={name} onValue={setName} />
				<SelectField
					label={t.zone}
					name="zone"
					hint={t.zoneHint}
					value={zone}
					onValue={setZone}
					choices={[
						{ value: "", label: t.zoneBrowser(browser.timeZone) },
						...zones.map((z) => ({ value: z, label: z })),
					]}
				/>
				<SelectField
					label={t.locale}
					name="locale"
					value={locale}
					onValue={setLocale}
					choices={[
						{ value: "", label: t.localeBrowser(navigator.language) },
						...locales.map((l) => ({ value: l, label: names.of(l) ?? l })),
					]}
				/>
				<div>
					<Button primary type="submit" busy={busy}>
						{text.common.save}
					</Button>
				</div>
			</Form>
		</Card>
	);
}

function Password() {
	const [old, setOld] = useState("");
	const [fresh, setFresh] = useState("");
	const [problem, busy, act] = useAct();
	const save = async () => {
		if (!(await act(() => auth.post("password", { old, new: fresh }), t.changed))) return;
		setOld("");
		setFresh("");
		void cache.invalidateQueries({ queryKey: ["sessions"] });
	};
	return (
		<Card title={t.passwordTitle}>
			<Form problem={problem} onSubmit={save}>
				<TextField
					label={t.old}
					name="old"
					type="password"
					autocomplete="current-password"
					value={old}
					onValue={setOld}
				/>
				<TextField
					label={t.fresh}
					name="new"
					type="password"
					autocomplete="new-password"
					hint={text.auth.link.newPasswordHint}
					value={fresh}
					onValue={setFresh}
				/>
				<div>
					<Button type="submit" busy={busy}>
						{t.change}
					</Button>
				</div>
			</Form>
		</Card>
	);
}

type Passkey = { id: string; name: string; created_at: string; used_at?: string };

function Passkeys() {
	const list = useAuth<{ data: Passkey[] } | Passkey[]>("passkeys");
	const [adding, setAdding] = useState(false);
	const [name, setName] = useState("");
	const [problem, busy, act] = useAct();
	const add = async () => {
		let added = false;
		const ok = await act(async () => {
			added = await addPasskey(name || navigator.platform);
		});
		if (!ok || !added) return;
		toast(t.passkeyAdded);
		setAdding(false);
		list.again();
	};
	const remove = async (p: Passkey) => {
		if (
			!(await ask({
				title: t.passkeyRemoveAsk(p.name),
				body: t.passkeyRemoveBody,
				yes: t.passkeyRemove,
				danger: true,
			}))
		)
			return;
		if (await act(() => auth.remove(`passkeys/${encodeURIComponent(p.id)}`))) list.again();
	};
	return (
		<Card
			title={t.passkeys}
			actions={
				knowsPasskeys() && (
					<Button small onClick={() => setAdding(true)}>
						<Fingerprint aria-hidden />
						{t.passkeyAdd}
					</Button>
				)
			}
		>
			<div class="stack tight">
				<p class="mute">{t.passkeysLead}</p>
				<Read of={list}>
					{(got) => {
						const all = Array.isArray(got) ? got : got.data;
						if (all.length === 0) return <p>{t.passkeyNone}</p>;
						return (
							<ul class="stack tight">
								{all.map((p) => (
									<li key={p.id} class="row between">
										<span>
											<span class="strong">{said(p.name)}</span>{" "}
											<span class="mute small">
												{t.used}: {p.used_at ? <When at={p.used_at} /> : t.never}
											</span>
										</span>
										<Button small quiet danger onClick={() => remove(p)}>
											{t.passkeyRemove}
										</Button>
									</li>
								))}
							</ul>
						);
					}}
				</Read>
				{problem && !adding && <Notice tone="bad">{problem.message}</Notice>}
			</div>
			{adding && (
				<Dialog
					title={t.passkeyAdd}
					onClose={() => setAdding(false)}
					onSubmit={add}
					footer={
						<>
							<Button onClick={() => setAdding(false)}>{text.common.cancel}</Button>
							<Button primary type="submit" busy={busy}>
								{t.passkeyAdd}
							</Button>
						</>
					}
				>
					{problem && (
						<Notice tone="bad" live>
							{problem.message}
						</Notice>
					)}
					<TextField label={t.passkeyName} name="name" value={name} onValue={setName} maxLength={100} />
				</Dialog>
			)}
		</Card>
	);
}

type Begun = { secret: string; uri: string };

function Totp() {
	const [begun, setBegun] = useState<Begun>();
	const [code, setCode] = useState("");
	const [codes, setCodes] = useState<string[]>();
	const [problem, busy, act] = useAct();
	const begin = () => act(async () => setBegun(await auth.post<Begun>("totp/begin", {})));
	const confirm = () =>
		act(async () => {
			const got = await auth.post<{ recovery_codes: string[] }>("totp/confirm", { code });
			setCodes(got.recovery_codes);
			setBegun(undefined);
			setCode("");
			await renewMe();
		});
	const disable = async () => {
		const sure = await ask({
			title: t.totpDisableAsk,
			body: t.totpDisableBody,
			yes: t.totpDisable,
			danger: true,
		});
		if (!sure) return;
		await act(async () => {
			await auth.post("totp/disable", {});
			await renewMe();
		});
	};
	const on = me.value?.user?.totp ?? false;
	return (
		<Card
			title={t.totp}
			actions={
				on ? (
					<Button small danger onClick={disable} busy={busy}>
						{t.totpDisable}
					</Button>
				) : (
					<Button small onClick={begin} busy={busy && !begun}>
						{t.totpBegin}
					</Button>
				)
			}
		>
			<p class="mute">{on ? t.totpOn : t.totpOff}</p>
			{problem && !begun && <Notice tone="bad">{problem.message}</Notice>}
			{begun && (
				<Dialog
					title={t.totp}
					onClose={() => setBegun(undefined)}
					onSubmit={confirm}
					footer={
						<Button primary type="submit" busy={busy}>
							{t.totpConfirm}
						</Button>
					}
				>
					<p>{t.totpScan}</p>
					<Qr of={begun.uri} label={t.totpScan} />
					<div>
						<span class="small mute">{t.totpSecret}</span>
						<Code of={begun.secret} wrap />
					</div>
					<TextField
						label={text.auth.codeField}
						name="code"
						value={code}
						onValue={setCode}
						autocomplete="one-time-code"
						inputMode="numeric"
						error={problem?.at("code") ?? problem?.message}
						code
					/>
				</Dialog>
			)}
			{codes && (
				<Dialog
					title={t.recovery}
					onClose={() => setCodes(undefined)}
					footer={
						<Button primary onClick={() => setCodes(undefined)}>
							{t.recoveryKept}
						</Button>
					}
				>
					<p>{t.recoveryLead}</p>
					<Code of={codes.join("\n")} />
				</Dialog>
			)}
		</Card>
	);
}

type Session = {
	id: string;
	created_at: string;
	seen_at: string;
	address?: string;
	user_agent?: string;
	current: boolean;
};

function Sessions() {
	const list = useAuth<{ data: Session[] } | Session[]>("sessions");
	const [problem, busy, act] = useAct();
	const end = async (path: string, remove: boolean) => {
		if (await act(() => (remove ? auth.remove(path) : auth.post(path, {})), t.ended)) list.again();
	};
	return (
		<Card
			title={t.sessions}
			actions={
				<Button small onClick={() => end("sessions/revoke-others", false)} busy={busy}>
					{t.endOthers}
				</Button>
			}
		>
			{problem && <Notice tone="bad">{problem.message}</Notice>}
			<Read of={list}>
				{(got) => (
					<ul class="stack">
						{(Array.isArray(got) ? got : got.data).map((s) => (
							<li key={s.id} class="row between">
								<span class="row grow">
									<Monitor aria-hidden size={18} class="mute" />
									<span class="grow">
										<span class="break">{agent(s.user_agent)}</span>{" "}
										{s.current && <Badge tone="good">{t.here}</Badge>}
										<br />
										<span class="mute small">
											{s.address} · {t.since} <When at={s.created_at} /> · {t.seen} <When at={s.seen_at} />
										</span>
									</span>
								</span>
								{!s.current && (
									<Button small danger onClick={() => end(`sessions/${encodeURIComponent(s.id)}`, true)}>
										{t.end}
									</Button>
								)}
							</li>
						))}
					</ul>
				)}
			</Read>
		</Card>
	);
}

// A browser in a few words: what people know it by.
function agent(ua = ""): string {
	const browser = /(Edg|OPR|Firefox|Chrome|Safari)\/(\d+)/.exec(ua);
	const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(ua)?.[1];
	if (!browser) return ua || t.unknownAgent;
	const name = { Edg: "Edge", OPR: "Opera" }[browser[1] as string] ?? browser[1];
	return [`${name} ${browser[2]}`, system?.replace("Mac OS X", "macOS")].filter(Boolean).join(" · ");
}
