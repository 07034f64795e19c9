// How an advertiser reports the conversions of an offer: step by step, with the
// code filled in, and a check of what arrives.
import { Download, Globe, MonitorSmartphone, Server, Sparkles } from "lucide-preact";
import { useId } from "preact/hooks";
import { api, type Schema, useRead } from "../../api/client.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Code } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField } from "../../ui/form.tsx";
import { Empty, Notice, Read, Skeleton } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { Check } from "./check.tsx";
import "./integration.css";
import { Partners } from "./partners.tsx";
import { channelsOf, parameterOf, snippetsOf, urlId, type Way, waysOf } from "./ways.ts";

const t = text.integration;

const icons = { server: Server, pixel: Globe, sdk: MonitorSmartphone, both: Sparkles };

const defaults = { way: "", goal: "", lang: "", page: "", hide: "", check: "" };

/** The state of the guide, as it stands in the address. */
export type Chosen = typeof defaults;

/** The integration guide of one offer. */
export default function Integration({ offerId }: { offerId: number }) {
	const [chosen, set] = useUrlState(defaults);
	const offer = useRead(["offers", String(offerId)], (signal) =>
		api.GET("/api/v1/offers/{id}", { params: { path: { id: offerId } }, signal }),
	);
	const goals = useRead(["goals", offerId], (signal) =>
		api.GET("/api/v1/offers/{offer_id}/goals", { params: { path: { offer_id: offerId } }, signal }),
	);
	return (
		<Read of={offer}>
			{(o) => {
				const ways = waysOf(o.channels ?? []);
				if (ways.length === 0) return <Empty title={t.noWay}>{t.noWayHint}</Empty>;
				const way = ways.includes(chosen.way as Way) ? (chosen.way as Way) : (ways[0] as Way);
				return (
					<div class="stack loose">
						<Ways ways={ways} at={way} onWay={(w) => set({ way: w, lang: "", page: "" })} />
						<ol class="stack">
							<Step number={1} title={t.keep.title}>
								<Keep offer={o} way={way} />
							</Step>
							<Step number={2} title={t.report.title}>
								<Report offer={o} way={way} goals={goals.data?.data ?? []} chosen={chosen} set={set} />
							</Step>
							<Step number={3} title={t.check.title}>
								<Check
									offerId={offerId}
									id={chosen.check}
									onId={(check) => set({ check }, { replace: true })}
								/>
							</Step>
						</ol>
						<Partners offerId={offerId} goal={chosen.goal} />
					</div>
				);
			}}
		</Read>
	);
}

function Ways({ ways, at, onWay }: { ways: Way[]; at: Way; onWay: (way: Way) => void }) {
	const id = useId();
	return (
		<div class="ways" role="radiogroup" aria-label={t.how}>
			{ways.map((w) => {
				const Icon = icons[w];
				return (
					<label key={w} class={`way ${w === at ? "chosen" : ""}`}>
						<input
							type="radio"
							class="visually-hidden"
							name={id}
							checked={w === at}
							onChange={() => onWay(w)}
						/>
						<Icon aria-hidden />
						<span class="strong">{t.ways[w]}</span>
						<span class="mute small">{t.wayHints[w]}</span>
					</label>
				);
			})}
		</div>
	);
}

function Step({
	number,
	title,
	children,
}: {
	number: number;
	title: string;
	children: preact.ComponentChildren;
}) {
	return (
		<li>
			<Card
				title={
					<span class="row">
						<span class="step-number" aria-hidden>
							{number}
						</span>
						{title}
					</span>
				}
			>
				{children}
			</Card>
		</li>
	);
}

function Keep({ offer, way }: { offer: Schema["Offer"]; way: Way }) {
	const parameter = parameterOf(offer.destination_url);
	return (
		<div class="stack tight prose">
			<p>{t.keep.what}</p>
			{parameter ? (
				<p>{t.keep.where(parameter)}</p>
			) : (
				offer.destination_url !== undefined && <Notice tone="bad">{t.keep.missing}</Notice>
			)}
			<p>{way === "sdk" ? t.keep.sdk : way === "pixel" ? t.keep.pixel : t.keep.server}</p>
		</div>
	);
}

type ReportProps = {
	offer: Schema["Offer"];
	way: Way;
	goals: Schema["Goal"][];
	chosen: Chosen;
	set: (change: Partial<Chosen>) => void;
};

function Report({ offer, way, goals, chosen, set }: ReportProps) {
	const id = offer.id ?? 0;
	const goal = goals.some((g) => g.code === chosen.goal) ? chosen.goal : "";
	const snippets = useRead(["offers", "snippets", id, goal, chosen.hide], (signal) =>
		api.GET("/api/v1/offers/{id}/snippets", {
			params: {
				path: { id },
				query: { ...(goal ? { goal } : {}), secrets: chosen.hide ? "hide" : "show" },
			},
			signal,
		}),
	);
	const links = useRead(["offers", "links", id], (signal) =>
		api.GET("/api/v1/offers/{id}/links", { params: { path: { id } }, signal }),
	);
	const channels = channelsOf(way, offer.channels ?? []);
	return (
		<div class="stack">
			<div class="row between">
				<div class="row">
					{goals.length > 1 && (
						<SelectField
							label={t.report.goal}
							value={goal || "default"}
							onValue={(g) => set({ goal: g === "default" ? "" : g })}
							choices={goals.map((g) => ({
								value: g.code ?? "",
								label: g.name ? `${g.name} (${g.code})` : (g.code ?? ""),
							}))}
						/>
					)}
				</div>
				<CheckField
					label={t.report.hide}
					value={chosen.hide !== ""}
					onValue={(on) => set({ hide: on ? "1" : "" })}
				/>
			</div>
			<Read of={snippets} wait={<Skeleton lines={8} />}>
				{(got) => {
					const kit = links.data?.postbacks?.find((p) => p.goal === (goal || "default"));
					const proven = got.postback_auth === "token" && !chosen.hide;
					const url = (proven ? kit?.url_with_token : kit?.url) ?? "";
					return (
						<>
							{got.postback_auth === "off" && channels.includes("postback") && (
								<Notice tone="warn">{t.report.unproven}</Notice>
							)}
							{channels.map((c) => (
								<Snippets
									key={c}
									channel={c}
									titled={channels.length > 1}
									all={snippetsOf(got.snippets, c, url, t.report.url)}
									at={c === "postback" ? chosen.lang : chosen.page}
									onAt={(s) => set(c === "postback" ? { lang: s } : { page: s })}
									signed={got.postback_auth === "signature"}
								/>
							))}
						</>
					);
				}}
			</Read>
			<p class="mute">{t.report.twice}</p>
		</div>
	);
}

type SnippetsProps = {
	channel: string;
	titled: boolean;
	all: Schema["Snippet"][];
	at: string;
	onAt: (id: string) => void;
	signed: boolean;
};

function Snippets({ channel, titled, all, at, onAt, signed }: SnippetsProps) {
	const id = useId();
	const one = all.find((s) => s.id === at) ?? all[0];
	if (!one) return <Notice tone="warn">{t.report.noSnippet}</Notice>;
	const step = (e: KeyboardEvent) => {
		const i = all.indexOf(one);
		const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: all.length - 1 }[e.key];
		const next = to === undefined ? undefined : all[(to + all.length) % all.length];
		if (!next) return;
		e.preventDefault();
		onAt(next.id);
		document.getElementById(`${id}${next.id}`)?.focus();
	};
	return (
		<section class="stack tight" aria-label={t.report.channels[channel] ?? channel}>
			{titled && <h3>{t.report.channels[channel] ?? channel}</h3>}
			<div class="tabs" role="tablist" aria-label={t.report.language} onKeyDown={step}>
				{all.map((s) => (
					<button
						key={s.id}
						type="button"
						role="tab"
						id={`${id}${s.id}`}
						aria-selected={s.id === one.id}
						aria-controls={`${id}p`}
						tabIndex={s.id === one.id ? 0 : -1}
						onClick={() => onAt(s.id)}
					>
						{s.title}
					</button>
				))}
			</div>
			<div role="tabpanel" id={`${id}p`} aria-labelledby={`${id}${one.id}`} class="stack tight">
				<p class="mute">
					{one.id === urlId
						? signed
							? t.report.urlSigned
							: t.report.urlHint
						: (t.report.hints[one.id] ?? t.report.hints[channel])}
				</p>
				<Code of={one.code} wrap={one.id === urlId} label={one.title} />
				{one.file && (
					<div>
						<Button small onClick={() => download(one.file, one.code)}>
							<Download aria-hidden />
							{one.file}
						</Button>
					</div>
				)}
			</div>
		</section>
	);
}

function download(name: string, code: string) {
	const url = URL.createObjectURL(new Blob([code], { type: "text/plain" }));
	const a = document.createElement("a");
	a.href = url;
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(url), 1000);
}
