// How an advertiser's postbacks prove that they come from it.
import { RefreshCw } from "lucide-preact";
import { api, useChange } from "../../api/client.ts";
import { ifMatch } from "../../api/record.ts";
import { may } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { ask } from "../../ui/dialog.tsx";
import { EditForm } from "../../ui/edit.tsx";
import { RadioField, Secret, WordsField } from "../../ui/fields.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { toast } from "../../ui/toast.tsx";
import type { PartProps } from "./advertiser.tsx";
import type { Advertiser } from "./types.ts";

const t = text.setup.security;

/** The proof that is asked for, the secrets, and the addresses. */
export function Security({ record, edit }: PartProps) {
	const { draft: a, set } = edit;
	return (
		<div class="grid-2 at-top">
			<Card title={t.title}>
				<EditForm edit={edit} label={t.title} names={text.setup.fieldNames}>
					<RadioField
						label={t.way}
						name="postback_auth"
						value={a.postback_auth ?? "off"}
						onValue={(way) => set({ postback_auth: way as Advertiser["postback_auth"] })}
						choices={(["token", "signature", "off"] as const).map((value) => ({ value, ...t.ways[value] }))}
					/>
					{a.postback_auth === "off" && !a.ip_allow?.length && edit.warnings.length === 0 && (
						<Notice tone="warn">{t.unproven}</Notice>
					)}
					<WordsField
						label={t.addresses}
						name="ip_allow"
						hint={t.addressesHint}
						free
						placeholder="203.0.113.0/24"
						value={a.ip_allow ?? []}
						onValue={(ip_allow) => set({ ip_allow })}
					/>
				</EditForm>
			</Card>
			<Card title={t.secrets}>
				<div class="stack loose">
					<OneSecret record={record} of="token" used={record.value.postback_auth === "token"} />
					<OneSecret record={record} of="sig_secret" used={record.value.postback_auth === "signature"} />
				</div>
			</Card>
		</div>
	);
}

type Which = "token" | "sig_secret";

// OneSecret shows a secret, and renews it in two steps: both are believed until the
// old one is forgotten.
function OneSecret({ record, of, used }: { record: PartProps["record"]; of: Which; used: boolean }) {
	const a = record.value;
	const id = a.id ?? 0;
	const before = of === "token" ? ("previous_token" as const) : ("previous_sig_secret" as const);
	const change = useChange(
		(body: Partial<Record<Which | typeof before, string | null>>, etag: string) =>
			api.PATCH("/api/v1/advertisers/{id}", {
				params: { path: { id }, header: ifMatch(etag) },
				body: body as never,
			}),
		{ touches: ["advertisers"] },
	);
	const now = a[of];
	const old = a[before];
	const renew = async () => {
		if (old && !(await ask({ title: t.renewTwice, body: t.renewTwiceHint, yes: t.renew }))) return;
		if (await change.run({ [of]: null, [before]: now }, record.etag)) toast(t.renewed);
	};
	const forget = async () => {
		if (await change.run({ [before]: null }, record.etag))
			toast(t.forgotten, { undo: () => void change.run({ [before]: old }, "") });
	};
	return (
		<section class="stack tight">
			<h3>{t.names[of]}</h3>
			<p class="mute small">{used ? t.used[of] : t.notUsed[of]}</p>
			{now && <Secret value={now} label={t.names[of]} />}
			{old && (
				<>
					<Notice tone="warn">
						<p>{t.both}</p>
					</Notice>
					<span class="small mute">{t.previous}</span>
					<Secret value={old} label={t.previous} />
				</>
			)}
			{may("write") && (
				<div class="row">
					<Button small busy={change.busy} onClick={() => void renew()}>
						<RefreshCw aria-hidden />
						{t.renew}
					</Button>
					{old && (
						<Button small danger busy={change.busy} onClick={() => void forget()}>
							{t.forget}
						</Button>
					)}
				</div>
			)}
			<p class="mute small">{t.renewHint}</p>
		</section>
	);
}
