import { Fingerprint } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { type AuthState, auth } from "../../api/auth.ts";
import { cache } from "../../api/client.ts";
import { nodeUrl } from "../../lib/place.ts";
import { type Problem, problemOf } from "../../lib/problem.ts";
import { me } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Code } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Form, TextField } from "../../ui/form.tsx";
import { Notice, Skeleton } from "../../ui/notice.tsx";
import { Gate } from "./gate.tsx";
import { enterByPasskey, knowsPasskeys } from "./passkey.ts";

const t = text.auth;

/** Reads anew who one is, after something changed it. */
export function entered(): void {
	cache.clear();
	me.value = undefined;
}

/** Signing in: by password, passkey, or the provider of the team. */
export function Login() {
	const [path, go] = useLocation();
	// Why the provider has sent one back, to an address that is no page.
	const failed = path === "/login" ? new URLSearchParams(location.search).get("error") : null;
	const [state, setState] = useState<AuthState>();
	const [problem, setProblem] = useState<Problem>();
	const [step, setStep] = useState<"password" | "code" | "forgot" | "sent">("password");
	const [email, setEmail] = useState("");
	const [password, setPassword] = useState("");
	const [code, setCode] = useState("");
	const [busy, setBusy] = useState(false);
	useEffect(() => {
		auth.get<AuthState>("state").then(setState, (e) => setProblem(problemOf(e)));
	}, []);
	const enter = () => {
		if (path === "/login") go("/", { replace: true });
		entered();
	};
	const act = async (what: () => Promise<void>) => {
		setBusy(true);
		setProblem(undefined);
		await what().catch((e) => setProblem(problemOf(e)));
		setBusy(false);
	};
	const send = () =>
		act(async () => {
			const { next } = await auth.post<{ next: "done" | "totp" }>("login", {
				email,
				password,
				code: code || undefined,
			});
			if (next === "totp") setStep("code");
			else enter();
		});
	const passkey = () =>
		act(async () => {
			if (await enterByPasskey()) enter();
		});
	const forgot = () =>
		act(async () => {
			await auth.post("forgot", { email });
			setStep("sent");
		});
	const back = (
		<Button
			quiet
			wide
			onClick={() => {
				setStep("password");
				setProblem(undefined);
				setCode("");
			}}
		>
			{t.back}
		</Button>
	);
	if (state?.setup_needed)
		return (
			<Gate title={t.setup} lead={t.setupLead}>
				<Code of="waybill user owner-link" />
			</Gate>
		);
	if (step === "code")
		return (
			<Gate title={t.code} lead={t.codeLead}>
				<Form problem={problem} onSubmit={send}>
					<TextField
						label={t.codeField}
						name="code"
						value={code}
						onValue={setCode}
						autocomplete="one-time-code"
						inputMode="text"
						maxLength={32}
						autoFocus
						code
					/>
					<Button primary wide type="submit" busy={busy}>
						{t.signIn}
					</Button>
					{back}
				</Form>
			</Gate>
		);
	if (step === "sent")
		return (
			<Gate title={t.forgotTitle}>
				<Notice tone="good" live>
					{t.forgotSent}
				</Notice>
				{back}
			</Gate>
		);
	if (step === "forgot")
		return (
			<Gate title={t.forgotTitle} lead={state?.mail ? t.forgotLead : t.forgotNoMail}>
				{state?.mail ? (
					<Form problem={problem} onSubmit={forgot}>
						<TextField
							label={t.email}
							name="email"
							type="email"
							autocomplete="username"
							value={email}
							onValue={setEmail}
							autoFocus
						/>
						<Button primary wide type="submit" busy={busy}>
							{t.forgotSend}
						</Button>
						{back}
					</Form>
				) : (
					back
				)}
			</Gate>
		);
	return (
		<Gate title={t.signIn} lead={t.signInLead}>
			{!state && !problem && <Skeleton lines={2} />}
			{failed && (
				<Notice tone="bad" live>
					{t.oidcFailed(failed)}
				</Notice>
			)}
			<Form problem={problem} onSubmit={send}>
				<TextField
					label={t.email}
					name="email"
					type="email"
					autocomplete="username"
					value={email}
					onValue={setEmail}
					autoFocus
				/>
				<TextField
					label={t.password}
					name="password"
					type="password"
					autocomplete="current-password"
					value={password}
					onValue={setPassword}
				/>
				<Button primary wide type="submit" busy={busy}>
					{t.signIn}
				</Button>
			</Form>
			{knowsPasskeys() && (
				<Button wide onClick={passkey} disabled={busy}>
					<Fingerprint aria-hidden />
					{t.passkey}
				</Button>
			)}
			{state?.oidc && (
				<a class="btn wide" href={`${nodeUrl}/console/auth/oidc`}>
					{t.oidc(state.oidc.name)}
				</a>
			)}
			<Button quiet small onClick={() => setStep("forgot")}>
				{t.forgot}
			</Button>
		</Gate>
	);
}
