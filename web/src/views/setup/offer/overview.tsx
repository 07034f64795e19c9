import { CircleAlert, CircleCheck, ExternalLink, TriangleAlert } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, useRead } from "../../../api/client.ts";
import type { Tagged } from "../../../api/record.ts";
import { country, dateTime, day } from "../../../lib/format.ts";
import { may, side } from "../../../lib/session.ts";
import { text } from "../../../text/en.ts";
import { Copy } from "../../../ui/bits.tsx";
import { Button, Go } from "../../../ui/button.tsx";
import { Notice } from "../../../ui/notice.tsx";
import { Card, Facts } from "../../../ui/page.tsx";
import { Said, said } from "../../../ui/said.tsx";
import { AskAccess, Stands, standing } from "../ask.tsx";
import { countriesOf } from "../findoffers.tsx";
import { handsIdOn } from "../macros.ts";
import { Access } from "../offers.tsx";
import { MarginSentence, priceWords } from "../pricefields.tsx";
import { useApplications } from "../requests.tsx";
import type { Goal, Offer } from "../types.ts";
import { Week } from "../week.tsx";

const t = text.setup.offer;

type Props = { record: Tagged<Offer> };

/** How an offer does, whether it works, and what it is. */
export function OfferOverview({ record }: Props) {
	const o = record.value;
	if (side.value === "affiliate") return <ForAffiliate offer={o} />;
	return (
		<div class="stack loose">
			<Week filter={`offer=${o.id}`} currency={o.currency} />
			<div class="grid-2">
				{side.value === "network" && <Condition offer={o} />}
				<About offer={o} />
			</div>
		</div>
	);
}

/** The goals of an offer. */
export const useGoals = (offerId: number) =>
	useRead(["offers", String(offerId), "goals"], (signal) =>
		api.GET("/api/v1/offers/{offer_id}/goals", {
			params: { path: { offer_id: offerId }, query: { limit: 1000 } },
			signal,
		}),
	);

type Tone = "good" | "warn" | "bad";
const icons = { good: CircleCheck, warn: TriangleAlert, bad: CircleAlert };

function Line({ tone, children }: { tone: Tone; children: ComponentChildren }) {
	const Icon = icons[tone];
	return (
		<li>
			<Icon class={tone} aria-label={t.tones[tone]} role="img" />
			<span class="grow">{children}</span>
		</li>
	);
}

// Condition says whether visitors reach the offer, and whether conversions can be
// told and believed.
function Condition({ offer: o }: { offer: Offer }) {
	const advertiser = useRead(["advertisers", String(o.advertiser_id)], (signal) =>
		api.GET("/api/v1/advertisers/{id}", { params: { path: { id: o.advertiser_id ?? 0 } }, signal }),
	);
	const caps = useRead(["reports", "caps", String(o.id)], (signal) =>
		api.GET("/api/v1/reports/caps", { params: { query: { offer_id: o.id, limit: 1000 } }, signal }),
	);
	const a = advertiser.data;
	const reached = (caps.data?.data ?? []).filter((c) => c.reached).length;
	const now = Date.now();
	const early = o.starts_at && Date.parse(o.starts_at) > now;
	const over = o.ends_at && Date.parse(o.ends_at) <= now;
	const s = t.state;
	return (
		<Card title={s.title}>
			<ul class="checklist">
				{o.status !== "active" ? (
					<Line tone="bad">{o.status === "paused" ? s.paused : s.archived}</Line>
				) : early ? (
					<Line tone="warn">{s.early(dateTime(o.starts_at))}</Line>
				) : over ? (
					<Line tone="bad">{s.over(dateTime(o.ends_at))}</Line>
				) : a?.status === "paused" ? (
					<Line tone="bad">
						{s.advertiserPaused} <Link href={`/advertisers/${a.id}`}>{a.name}</Link>
					</Line>
				) : (
					<Line tone="good">{o.ends_at ? s.openUntil(dateTime(o.ends_at)) : s.open}</Line>
				)}
				{handsIdOn(o.destination_url ?? "") ? (
					<Line tone="good">{s.handsOn}</Line>
				) : (
					<Line tone="warn">
						{s.handsNotOn} <Link href={`/offers/${o.id}/details`}>{s.mend}</Link>
					</Line>
				)}
				{a &&
					(a.postback_auth === "off" && !a.ip_allow?.length ? (
						<Line tone="warn">
							{s.unproven} <Link href={`/advertisers/${a.id}?tab=security`}>{s.secure}</Link>
						</Line>
					) : (
						<Line tone="good">{s.proven[a.postback_auth === "off" ? "ip" : a.postback_auth]}</Line>
					))}
				{o.access && o.access !== "open" && (
					<Line tone="good">
						{o.access === "private" ? s.private : s.onRequest}{" "}
						<Link href={`/offers/${o.id}/access`}>{s.seeAccess}</Link>
					</Line>
				)}
				{(o.caps?.length ?? 0) > 0 && (
					<Line tone={reached > 0 ? "warn" : "good"}>
						{reached > 0 ? s.capsReached : s.capsLeft} <Link href={`/offers/${o.id}/caps`}>{s.seeCaps}</Link>
					</Line>
				)}
			</ul>
		</Card>
	);
}

function About({ offer: o }: { offer: Offer }) {
	const network = side.value === "network";
	const advertiser = useRead(
		["advertisers", String(o.advertiser_id)],
		(signal) =>
			api.GET("/api/v1/advertisers/{id}", { params: { path: { id: o.advertiser_id ?? 0 } }, signal }),
		{ enabled: network },
	);
	const f = t.facts;
	return (
		<Card
			title={f.title}
			actions={
				network &&
				may("write") && (
					<Go to={`/offers/${o.id}/details`} small>
						{text.common.edit}
					</Go>
				)
			}
		>
			<div class="stack">
				<Facts
					of={[
						...(network
							? ([
									[
										f.advertiser,
										<Link key="a" href={`/advertisers/${o.advertiser_id}`}>
											{said(advertiser.data?.name ?? `#${o.advertiser_id}`)}
										</Link>,
									],
								] as [ComponentChildren, ComponentChildren][])
							: []),
						[
							f.destination,
							<span key="d" class="side-copy">
								<code class="break">{o.destination_url}</code>
								<Copy value={o.destination_url ?? ""} />
							</span>,
						],
						...(network ? ([[f.payout, priceWords(o.payout, o.currency)]] as [string, string][]) : []),
						[network ? f.revenue : f.cost, priceWords(o.revenue, o.currency)],
						...(network
							? ([[f.access, <Access key="x" of={o.access} />]] as [string, ComponentChildren][])
							: []),
						...(o.category ? ([[f.category, o.category]] as [string, string][]) : []),
						[f.countries, countriesOf(o)],
						...(o.created_at ? ([[f.created, day(o.created_at)]] as [string, string][]) : []),
					]}
				/>
				{network && <MarginSentence payout={o.payout} revenue={o.revenue} currency={o.currency ?? "USD"} />}
				<div class="row">
					<Go small to={`/reports?filter=${encodeURIComponent(`offer=${o.id}`)}`}>
						{f.reports}
					</Go>
					<Go small to={`/conversions?offer_id=${o.id}`}>
						{f.conversions}
					</Go>
					<Go small to={`/signals?offer_id=${o.id}`}>
						{f.signals}
					</Go>
				</div>
			</div>
		</Card>
	);
}

function ForAffiliate({ offer: o }: { offer: Offer }) {
	const [asking, setAsking] = useState(false);
	const s = standing(o);
	// At an open offer nobody asks, and nothing is decided.
	const asked = useApplications({ offer_id: o.id }, o.access === "request" || o.access === "private");
	const note = asked.data?.[0]?.decision_note;
	const goals = useGoals(o.id ?? 0);
	const all = (goals.data?.data ?? []) as Goal[];
	const f = t.facts;
	const preview = /^https?:\/\//i.test(o.preview_url ?? "") ? o.preview_url : undefined;
	return (
		<div class="stack loose">
			{s !== "approved" && (
				<Notice tone={s === "rejected" ? "bad" : s === "requested" ? "info" : "warn"}>
					<p>{t.standing[s]}</p>
					{note && (
						<p class="prose-lines">
							“<Said of={note} lines />”
						</p>
					)}
					{s === "none" && may("write") && (
						<Button small primary onClick={() => setAsking(true)}>
							{text.setup.find.ask}
						</Button>
					)}
				</Notice>
			)}
			{s === "approved" && <Week filter={`offer=${o.id}`} currency={o.currency} />}
			<div class="grid-2">
				<Card title={f.about}>
					<div class="stack">
						{o.description ? (
							<p class="prose-lines">
								<Said of={o.description} lines />
							</p>
						) : (
							<p class="mute">{f.noDescription}</p>
						)}
						{preview && (
							<p>
								<a href={preview} target="_blank" rel="noopener noreferrer" class="btn small">
									<ExternalLink aria-hidden />
									{f.preview}
								</a>{" "}
								<span class="mute small break">{new URL(preview).host}</span>
							</p>
						)}
					</div>
				</Card>
				<Card title={f.earn}>
					<div class="stack">
						<Facts
							of={[
								[f.access, <Stands key="s" of={s} />],
								[f.payout, <b key="p">{priceWords(o.payout, o.currency)}</b>],
								...(all.length > 1
									? all.map((g): [string, string] => [
											g.name || g.code || "",
											priceWords(g.payout ?? o.payout, o.currency),
										])
									: []),
								...(o.category ? ([[f.category, o.category]] as [string, string][]) : []),
								[f.countries, countriesOf(o)],
								...(o.targeting?.devices?.length
									? ([[f.devices, o.targeting.devices.join(", ")]] as [string, string][])
									: []),
								[f.window, spanWords(o.click_window)],
								...(o.ends_at ? ([[f.ends, dateTime(o.ends_at)]] as [string, string][]) : []),
							]}
						/>
						{s === "approved" && (
							<div>
								<Go primary to={`/offers/${o.id}/links`}>
									{text.setup.find.link}
								</Go>
							</div>
						)}
					</div>
				</Card>
			</div>
			{asking && <AskAccess offer={o} onClose={() => setAsking(false)} />}
		</div>
	);
}

/** A length of time as the API has it, in words. */
function spanWords(span: string | undefined): string {
	const m = /^(\d+)([smhd])$/.exec(span ?? "");
	return m ? t.facts.spans[m[2] as keyof typeof t.facts.spans].replace("#", m[1] ?? "") : (span ?? "");
}

/** A country's name, or everywhere. */
export const where = (code: string | undefined): string =>
	code ? country(code.toUpperCase()) : t.everywhere;
