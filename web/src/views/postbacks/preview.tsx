// What would be sent, as the API makes it of what is being written.

import { useEffect, useMemo, useState } from "preact/hooks";
import { api, useRead } from "../../api/client.ts";
import { jsonOf } from "../../api/record.ts";
import { count, dateTime, sum } from "../../lib/format.ts";
import type { Problem } from "../../lib/problem.ts";
import { viewing } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Code, Copy } from "../../ui/bits.tsx";
import { SelectField, type Warned } from "../../ui/form.tsx";
import { Failed, Notice, Skeleton } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { type Postback, parametersOf, type Unsaved } from "./draft.ts";

const t = text.postbacks.preview;

/** What the API says of a draft: what is wrong in a field, and what is doubtful. */
export type Told = { wrong: (field: string) => string[]; warned: (field: string) => string[] };

const at = (location: string | undefined) => (location ?? "").replace(/^body\./, "");

/** What was said of a draft, by the fields. */
export function toldOf(problems: (Problem | undefined)[], warnings: Warned[] | undefined): Told {
	const places = problems.flatMap((p) => p?.places ?? []);
	return {
		wrong: (field) => places.filter((p) => at(p.location) === field).map((p) => p.message ?? ""),
		warned: (field) => (warnings ?? []).filter((w) => w.field === field).map((w) => w.message),
	};
}

/** A value that lags behind until nobody changes it any more. */
export function useSettled<T>(value: T, after = 350): T {
	const [settled, setSettled] = useState(value);
	const key = JSON.stringify(value);
	useEffect(() => {
		const timer = setTimeout(() => setSettled(value), after);
		return () => clearTimeout(timer);
	}, [key, after]);
	return settled;
}

/** Has the API make the request of a draft, again whenever it rests. */
export function usePreview(unsaved: Unsaved | undefined) {
	const asked = useSettled(unsaved);
	return useRead(
		["postbacks", "preview", JSON.stringify(asked)],
		(signal) => api.POST("/api/v1/postbacks/preview", { body: asked as Unsaved, signal }),
		{ enabled: asked !== undefined && !viewing.value },
	);
}

/** What a preview is filled in from: "" for a sample, latest, or a conversion. */
export function SourceField({
	of,
	value,
	onValue,
}: {
	of: Pick<Postback, "owner" | "offer_id">;
	value: string;
	onValue: (value: string) => void;
}) {
	const { affiliate_id, advertiser_id } = of.owner ?? {};
	const query = {
		limit: 12,
		...(affiliate_id ? { affiliate_id } : {}),
		...(advertiser_id ? { advertiser_id } : {}),
		...(of.offer_id ? { offer_id: of.offer_id } : {}),
	};
	const recent = useRead(["conversions", "pick", query], (signal) =>
		jsonOf(api.GET("/api/v1/conversions", { params: { query }, signal })),
	);
	const all = recent.data?.data ?? [];
	return (
		<SelectField
			label={t.source}
			value={value}
			onValue={onValue}
			choices={[
				{ value: "", label: t.sample },
				{ value: "latest", label: t.latest, disabled: all.length === 0 },
				...all.map((c) => ({
					value: c.id ?? "",
					label: [dateTime(c.created_at), c.order_id, sum(c.amount), c.status].filter(Boolean).join(" · "),
				})),
			]}
		/>
	);
}

type Props = {
	draft: Pick<Postback, "owner" | "offer_id" | "on">;
	reading: ReturnType<typeof usePreview>;
	/** Whether there is enough to make a request of. */
	ready: boolean;
	source: string;
	onSource: (source: string) => void;
	event: string;
	onEvent: (event: string) => void;
};

/** The request that would be sent. */
export function PreviewCard({ draft, reading, ready, source, onSource, event, onEvent }: Props) {
	const events = draft.on ?? [];
	return (
		<Card title={t.title}>
			<div class="stack">
				<SourceField of={draft} value={source} onValue={onSource} />
				{events.length > 1 && (
					<SelectField
						label={t.event}
						value={events.includes(event) ? event : (events[0] ?? "")}
						onValue={onEvent}
						choices={events.map((e) => ({
							value: e,
							label: (text.postbacks.events[e] ?? text.postbacks.alerts[e] ?? e).split(":")[0] ?? e,
						}))}
					/>
				)}
				<Request reading={reading} ready={ready} />
			</div>
		</Card>
	);
}

function Request({ reading, ready }: { reading: ReturnType<typeof usePreview>; ready: boolean }) {
	if (viewing.value) return <p class="mute">{t.viewing}</p>;
	if (!ready) return <p class="mute">{t.wait}</p>;
	const { data, problem } = reading;
	if (problem) {
		if (problem.places.length) return <Notice tone="warn">{t.mend}</Notice>;
		if (problem.status === 422) return <Notice tone="warn">{problem.message}</Notice>;
		return <Failed problem={problem} again={reading.again} />;
	}
	if (!data) return <Skeleton lines={5} />;
	return <Made of={data} />;
}

type Sent = { method: string; url: string; headers?: Record<string, string>; body?: string };

/** A request, as it goes over the wire, and what stands in its query. */
export function Wire({ of }: { of: Sent }) {
	const parameters = useMemo(() => parametersOf(of.url), [of.url]);
	const headers = Object.entries(of.headers ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	return (
		<div class="stack">
			<div class="request-line">
				<Badge tone="info">{of.method}</Badge>
				<span class="id break grow">{said(of.url)}</span>
				<Copy value={of.url} />
			</div>
			{parameters.length > 0 && <Named title={t.parameters} of={parameters} />}
			{headers.length > 0 && <Named title={t.headers} of={headers} />}
			{of.body && (
				<div class="stack tight">
					<h3>{t.body}</h3>
					<Code of={indented(of.body)} wrap label={t.body} />
				</div>
			)}
		</div>
	);
}

function Named({ title, of }: { title?: string; of: [string, string][] }) {
	return (
		<div class="stack tight">
			{title && <h3>{title}</h3>}
			<dl class="params">
				{of.map(([name, value], i) => (
					<>
						<dt key={`n${i}`}>{name}</dt>
						<dd key={`v${i}`}>{value === "" ? <span class="mute">{t.empty}</span> : value}</dd>
					</>
				))}
			</dl>
		</div>
	);
}

/** JSON with its structure to be seen; any other text as it is. */
export function indented(body: string): string {
	try {
		return JSON.stringify(JSON.parse(body), null, 2);
	} catch {
		return body;
	}
}

function Made({ of }: { of: Sent & { values: Record<string, string> } }) {
	const values = Object.entries(of.values).sort(([a], [b]) => (a < b ? -1 : 1));
	return (
		<>
			<Wire of={of} />
			<details>
				<summary class="small strong">{t.values(count(values.length))}</summary>
				<Named of={values} />
			</details>
			<p class="small mute">{t.masked}</p>
		</>
	);
}
