import { useEffect, useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import { auth } from "../../api/auth.ts";
import { type Problem, problemOf } from "../../lib/problem.ts";
import { text } from "../../text/en.ts";
import { Button, Go } from "../../ui/button.tsx";
import { Form, TextField } from "../../ui/form.tsx";
import { Failed, Skeleton } from "../../ui/notice.tsx";
import { Gate } from "./gate.tsx";
import { entered } from "./login.tsx";

type Shown = {
	kind: "owner" | "invitation" | "reset";
	email?: string;
	name?: string;
	role: string;
	party_name?: string;
};

const t = text.auth.link;

/**
 * What a one-time link leads to: becoming the owner, accepting an invitation, a
 * new password. The token stands behind the #, which browsers send nowhere.
 */
export default function OneTimeLink() {
	const [token] = useState(() => location.hash.slice(1));
	const [shown, setShown] = useState<Shown>();
	const [gone, setGone] = useState<Problem>();
	const [problem, setProblem] = useState<Problem>();
	const [busy, setBusy] = useState(false);
	const [email, setEmail] = useState("");
	const [name, setName] = useState("");
	const [password, setPassword] = useState("");
	const [visible, setVisible] = useState(false);
	const [, go] = useLocation();
	const look = () => {
		setGone(undefined);
		auth.post<Shown>("link", { token }).then(
			(s) => {
				setShown(s);
				setEmail(s.email ?? "");
				setName(s.name ?? "");
			},
			(e) => setGone(problemOf(e)),
		);
	};
	useEffect(look, []);
	const send = async () => {
		setBusy(true);
		setProblem(undefined);
		try {
			await auth.post("accept", {
				token,
				email: shown?.kind === "owner" ? email : undefined,
				name: shown?.kind === "reset" ? undefined : name,
				password,
			});
			entered();
			go("/", { replace: true });
		} catch (e) {
			setProblem(problemOf(e));
		}
		setBusy(false);
	};
	if (gone?.passing)
		return (
			<Gate title={t.checking}>
				<Failed problem={gone} again={look} />
			</Gate>
		);
	if (gone)
		return (
			<Gate title={t.gone} lead={t.goneHint}>
				<Go to="/">{text.auth.signIn}</Go>
			</Gate>
		);
	if (!shown)
		return (
			<Gate title={t.checking}>
				<Skeleton lines={4} />
			</Gate>
		);
	const [title, lead] = {
		owner: [t.ownerTitle, t.ownerLead],
		invitation: [t.invitationTitle, t.invitationLead(shown.role, shown.party_name ?? "")],
		reset: [t.resetTitle, t.resetLead(shown.email ?? "")],
	}[shown.kind] as [string, string];
	return (
		<Gate title={title} lead={lead}>
			<Form problem={problem} onSubmit={send}>
				{shown.kind !== "reset" && (
					<>
						<TextField
							label={t.name}
							name="name"
							autocomplete="name"
							value={name}
							onValue={setName}
							autoFocus
						/>
						<TextField
							label={text.auth.email}
							name="email"
							type="email"
							autocomplete="username"
							value={email}
							onValue={setEmail}
							readOnly={shown.kind !== "owner"}
						/>
					</>
				)}
				<TextField
					label={t.newPassword}
					name="password"
					type={visible ? "text" : "password"}
					autocomplete="new-password"
					hint={t.newPasswordHint}
					value={password}
					onValue={setPassword}
				/>
				<label class="check">
					<input type="checkbox" checked={visible} onChange={(e) => setVisible(e.currentTarget.checked)} />
					{t.show}
				</label>
				<Button primary wide type="submit" busy={busy}>
					{t.go}
				</Button>
			</Form>
		</Gate>
	);
}
