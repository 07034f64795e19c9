import { Fingerprint } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type AuthState, auth } from "../../api/auth.ts";
import { confirming } from "../../lib/confirm.ts";
import { nodeUrl } from "../../lib/place.ts";
import { type Problem, problemOf } from "../../lib/problem.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/form.tsx";
import { Notice, Skeleton } from "../../ui/notice.tsx";
import { Gate } from "./gate.tsx";
import { confirmByPasskey, knowsPasskeys } from "./passkey.ts";

const t = text.auth.confirm;

type Confirmation = { confirmed_until: string | null; ways: string[] };

/** Where one is asked to confirm, over whatever page that is needed on. */
export function Confirming() {
	const now = confirming.value;
	return now && <Confirm answer={now.answer} />;
}

function Confirm({ answer }: { answer: (yes: boolean) => void }) {
	const [ways, setWays] = useState<string[]>();
	const [provider, setProvider] = useState("");
	const [byCode, setByCode] = useState(false);
	const [typed, setTyped] = useState("");
	const [away, setAway] = useState(false);
	const [problem, setProblem] = useState<Problem>();
	const [busy, setBusy] = useState(false);
	const act = async (what: () => Promise<boolean>) => {
		setBusy(true);
		setProblem(undefined);
		try {
			if (await what()) answer(true);
		} catch (thrown) {
			setProblem(problemOf(thrown));
		} finally {
			setBusy(false);
		}
	};
	const learn = () =>
		act(async () => {
			const [how, state] = await Promise.all([
				auth.get<Confirmation>("confirm"),
				auth.get<AuthState>("state"),
			]);
			setWays(how.ways);
			setByCode(!how.ways.includes("password") && how.ways.includes("code"));
			setProvider(state.oidc?.name ?? "");
			return false;
		});
	useEffect(() => void learn(), []);
	// Whoever confirms at the provider does so in another window.
	useEffect(() => {
		if (!away) return;
		const every = setInterval(async () => {
			const how = await auth.get<Confirmation>("confirm").catch(() => undefined);
			if (how?.confirmed_until) answer(true);
		}, 1500);
		return () => clearInterval(every);
	}, [away]);
	const has = (way: string) => ways?.includes(way) ?? false;
	const types = has("password") || has("code");
	const send = () =>
		act(async () => {
			await auth.post("confirm", byCode ? { code: typed } : { password: typed });
			return true;
		});
	// A password does not stay where it would be read.
	const other = () => {
		setByCode(!byCode);
		setTyped("");
		setProblem(undefined);
	};
	const field = byCode ? "code" : "password";
	// The field comes after the dialog has opened, which has nothing to begin at by then.
	const typing = useRef<HTMLDivElement>(null);
	useEffect(() => typing.current?.querySelector("input")?.focus(), [types, field]);
	return (
		<Dialog
			title={t.title}
			onClose={() => answer(false)}
			{...(types ? { onSubmit: send } : {})}
			footer={
				<>
					<Button onClick={() => answer(false)}>{text.common.cancel}</Button>
					{types && (
						<Button primary type="submit" busy={busy}>
							{t.yes}
						</Button>
					)}
				</>
			}
		>
			<p class="mute">{t.lead}</p>
			{problem && !problem.at(field) && (
				<Notice tone="bad" live>
					{problem.message}
				</Notice>
			)}
			{!ways && !problem && <Skeleton lines={2} />}
			{!ways && problem && (
				<div>
					<Button onClick={learn}>{text.common.again}</Button>
				</div>
			)}
			{types && (
				<div ref={typing}>
					<TextField
						key={field}
						label={byCode ? text.auth.codeField : text.auth.password}
						name={field}
						type={byCode ? "text" : "password"}
						autocomplete={byCode ? "one-time-code" : "current-password"}
						value={typed}
						onValue={setTyped}
						error={problem?.at(field)}
					/>
				</div>
			)}
			{has("password") && has("code") && (
				<div>
					<Button quiet small onClick={other}>
						{byCode ? t.byPassword : t.byCode}
					</Button>
				</div>
			)}
			{has("passkey") && knowsPasskeys() && (
				<Button wide onClick={() => act(confirmByPasskey)} disabled={busy}>
					<Fingerprint aria-hidden />
					{t.byPasskey}
				</Button>
			)}
			{has("oidc") && (
				<a
					class="btn wide"
					href={`${nodeUrl}/console/auth/oidc?confirm=1&return=%2Fconsole%2Fconfirmed`}
					target="_blank"
					rel="noopener"
					onClick={() => setAway(true)}
				>
					{t.byProvider(provider)}
				</a>
			)}
			{away && <p role="status">{t.waiting}</p>}
			{ways?.length === 0 && <Notice tone="bad">{t.noWay}</Notice>}
		</Dialog>
	);
}

/** Where one comes back to from the provider, in a window of its own. */
export default function Confirmed() {
	const error = new URLSearchParams(location.search).get("error");
	return (
		<Gate title={error ? t.failedTitle : t.doneTitle} lead={error ? t.failed(error) : t.done}>
			<Button wide onClick={() => close()}>
				{text.common.close}
			</Button>
		</Gate>
	);
}
