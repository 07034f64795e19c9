// Measurement partners of apps: the link for the offer, and the postbacks to enter
// there.
import { useState } from "preact/hooks";
import { api, type Schema, useRead } from "../../api/client.ts";
import { text } from "../../text/en.ts";
import { Code } from "../../ui/bits.tsx";
import { SelectField } from "../../ui/form.tsx";
import { Notice, Read } from "../../ui/notice.tsx";
import { Card, Facts } from "../../ui/page.tsx";

const t = text.integration.partners;

/** Templates for an offer that is an app, measured by somebody else. */
export function Partners({ offerId, goal }: { offerId: number; goal: string }) {
	const [open, setOpen] = useState(false);
	return (
		<Card flush>
			<details class="more" onToggle={(e) => setOpen(e.currentTarget.open)}>
				<summary>{t.title}</summary>
				<div class="body stack">
					<p class="mute">{t.what}</p>
					{open && <Templates offerId={offerId} goal={goal} />}
				</div>
			</details>
		</Card>
	);
}

function Templates({ offerId, goal }: { offerId: number; goal: string }) {
	const [at, setAt] = useState("");
	const all = useRead(["templates", "measurement", offerId, goal], (signal) =>
		api.GET("/api/v1/templates/measurement", {
			params: { query: { offer_id: offerId, ...(goal ? { goal } : {}) } },
			signal,
		}),
	);
	return (
		<Read of={all}>
			{(got) => {
				const one = got.data.find((m) => m.id === at) ?? got.data[0];
				return (
					<>
						{got.warning && <Notice tone="warn">{got.warning}</Notice>}
						<SelectField
							label={t.partner}
							value={one?.id ?? ""}
							onValue={setAt}
							choices={got.data.map((m) => ({ value: m.id, label: m.name }))}
						/>
						{one && <Partner of={one} />}
					</>
				);
			}}
		</Read>
	);
}

function Partner({ of }: { of: Schema["Measurement"] }) {
	return (
		<div class="stack">
			{[
				[t.link, t.linkHint, of.link] as const,
				[t.install, t.installHint, of.install_postback] as const,
				[t.event, t.eventHint, of.event_postback] as const,
			].map(([title, hint, code]) => (
				<section key={title} class="stack tight">
					<h3>{title}</h3>
					<p class="mute small">{hint}</p>
					<Code of={code} wrap label={title} />
				</section>
			))}
			{of.replace.length > 0 && (
				<section class="stack tight">
					<h3>{t.replace}</h3>
					<Facts of={of.replace.map((w) => [<code key={w.word}>{w.word}</code>, w.meaning])} />
				</section>
			)}
			<ul class="notes stack tight">
				{of.notes.map((n) => (
					<li key={n}>{n}</li>
				))}
			</ul>
			<p class="mute small break">
				{t.sources}: {of.sources.join(", ")}
			</p>
		</div>
	);
}
