import type { Schema } from "../../api/client.ts";
import { api, useRead } from "../../api/client.ts";
import { useEdit } from "../../api/edit.ts";
import { type Tagged, tagged } from "../../api/record.ts";
import { me } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Id } from "../../ui/bits.tsx";
import { EditForm } from "../../ui/edit.tsx";
import { RadioField } from "../../ui/fields.tsx";
import { TextField } from "../../ui/form.tsx";
import { Read } from "../../ui/notice.tsx";
import { Card, Facts, Page } from "../../ui/page.tsx";

const t = text.admin.settings;
type Settings = Schema["Settings"];

/** What holds for the whole installation. */
export default function SettingsPage() {
	const settings = useRead(["settings"], (signal) => tagged(api.GET("/api/v1/settings", { signal })));
	return (
		<Page title={text.nav.settings} lead={t.lead}>
			<div class="stack loose narrow">
				<Card>
					<Read of={settings}>{(record) => <Form record={record} />}</Read>
				</Card>
				<Card title={t.installation}>
					<Facts
						of={[
							[t.version, me.value?.version ?? ""],
							[t.address, <Id key="a" of={me.value?.public_url ?? ""} />],
						]}
					/>
					<p class="mute small">{t.installationHint}</p>
				</Card>
			</div>
		</Page>
	);
}

function Form({ record }: { record: Tagged<Settings> }) {
	const edit = useEdit<Settings>(record, {
		send: (patch) => api.PATCH("/api/v1/settings", { body: patch }),
		reread: () => api.GET("/api/v1/settings"),
		touches: ["settings"],
	});
	const { draft: s, set } = edit;
	return (
		<EditForm edit={edit} label={text.nav.settings}>
			<TextField
				label={t.fallback}
				name="fallback_url"
				hint={t.fallbackHint}
				code
				placeholder="https://www.example.com/"
				value={s.fallback_url ?? ""}
				onValue={(fallback_url) => set({ fallback_url })}
			/>
			<RadioField
				label={t.tune}
				name="tune_ids"
				hint={t.tuneHint}
				value={s.tune_ids ?? ""}
				onValue={(tune_ids) => set({ tune_ids })}
				choices={[
					{ value: "", ...t.tunes.open },
					{ value: "identity", ...t.tunes.identity },
					{ value: "refuse", ...t.tunes.refuse },
				]}
			/>
		</EditForm>
	);
}
