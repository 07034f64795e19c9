// Makes a link of an offer, an affiliate and values to see again, while one types.

import { ExternalLink, FlaskConical, Link2 } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, read, type Schema, useRead } from "../../api/client.ts";
import { jsonOf } from "../../api/record.ts";
import { nodeUrl } from "../../lib/place.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Code, Copy, TraceLink } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { PickField } from "../../ui/fields.tsx";
import { SelectField, TextField } from "../../ui/form.tsx";
import { Empty, Failed, Notice, Skeleton } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import {
	limitOf,
	type Name,
	names,
	queryOfValues,
	sources,
	tagWith,
	tooLong,
	type Values,
	withValues,
} from "./compose.ts";
import "./links.css";
import { QrCode } from "./qrcode.tsx";
import { ShortLinkDialog } from "./shortlinks.tsx";

const t = text.links;

/** What is being built. It stands in the address of the page. */
export type Built = { offer: string; affiliate: string } & Values;

/** Values of the address, and what they are before anything is chosen. */
export const unbuilt: Record<string, string> = {
	offer: "",
	affiliate: "",
	...Object.fromEntries(names.map((n) => [n, ""])),
};

type Props = {
	built: Built;
	onBuilt: (built: Built) => void;
	/** The offer is the page's, and cannot be chosen. */
	fixed?: boolean;
};

/** The builder: what the link says at the left, what came of it at the right. */
export function Builder({ built, onBuilt, fixed }: Props) {
	const [now, setNow] = useState(built);
	const outer = JSON.stringify(built);
	const last = useRef(outer);
	// The address follows when one rests, and leads when it is gone back to.
	useEffect(() => {
		if (outer === last.current) return;
		last.current = outer;
		setNow(built);
	}, [outer]);
	useEffect(() => {
		const key = JSON.stringify(now);
		if (key === last.current) return;
		const timer = setTimeout(() => {
			last.current = key;
			onBuilt(now);
		}, 400);
		return () => clearTimeout(timer);
	}, [now, onBuilt]);
	const set = (change: Partial<Built>) => setNow((was) => ({ ...was, ...change }));
	const offerId = Number(now.offer) || 0;
	const affiliateId = Number(now.affiliate) || 0;
	const offer = useRead(
		["offers", String(offerId)],
		(signal) => api.GET("/api/v1/offers/{id}", { params: { path: { id: offerId } }, signal }),
		{ enabled: offerId > 0, keep: false },
	);
	const links = useRead(
		["offers", "links", offerId, affiliateId],
		(signal) =>
			api.GET("/api/v1/offers/{id}/links", {
				params: {
					path: { id: offerId },
					query: side.value === "network" && affiliateId ? { affiliate_id: affiliateId } : {},
				},
				signal,
			}),
		{ enabled: offerId > 0, keep: false },
	);
	return (
		<div class="builder">
			<Card title={t.what}>
				<div class="stack">
					{(!fixed || side.value === "network") && (
						<div class="grid-2">
							{!fixed && (
								<PickField
									kind="offer"
									label={text.pick.offer}
									value={now.offer}
									onValue={(v) => set({ offer: v })}
								/>
							)}
							{side.value === "network" && (
								<PickField
									kind="affiliate"
									label={text.pick.affiliate}
									value={now.affiliate}
									onValue={(v) => set({ affiliate: v })}
								/>
							)}
						</div>
					)}
					<ValueFields now={now} set={set} offer={offer.data} />
				</div>
			</Card>
			<div class="beside stack">
				<Result now={now} offer={offer.data} links={links} />
			</div>
		</div>
	);
}

function ValueFields({
	now,
	set,
	offer,
}: {
	now: Built;
	set: (change: Partial<Built>) => void;
	offer: Schema["Offer"] | undefined;
}) {
	const hosts = offer && (offer.deep_link_hosts ?? []);
	const limit = (n: Name) => {
		const l = limitOf(n, now[n] ?? "", n === "url" ? hosts : undefined);
		return l === "host" ? t.limits.host((hosts ?? []).join(", ")) : l && t.limits[l];
	};
	const field = (n: Name, label: string, more: { hint?: string; placeholder?: string } = {}) => (
		<TextField
			key={n}
			name={n}
			label={label}
			code
			value={now[n] ?? ""}
			onValue={(v) => set({ [n]: v })}
			error={limit(n)}
			{...more}
		/>
	);
	const [from, setFrom] = useState("");
	const chosen = sources.find((s) => s.name === from && s.macro === now.aff_click_id);
	const subs = names.filter((n) => n.startsWith("sub"));
	const filled = subs.filter((n) => now[n]).length;
	const [all, setAll] = useState(filled > 2);
	const many = all || subs.slice(2).some((n) => now[n]);
	return (
		<>
			<div class="grid-2">
				{field("aff_click_id", side.value === "affiliate" ? t.clickId : t.theirClickId, {
					hint: t.clickIdHint,
					placeholder: "{clickid}",
				})}
				<SelectField
					label={t.from}
					hint={t.fromHint}
					value={chosen?.name ?? ""}
					onValue={(name) => {
						setFrom(name);
						set({ aff_click_id: sources.find((s) => s.name === name)?.macro ?? "" });
					}}
					choices={[
						{ value: "", label: now.aff_click_id ? t.fromOther : t.fromChoose },
						...sources.map((s) => ({ value: s.name, label: `${s.name}: ${s.macro}` })),
					]}
				/>
			</div>
			{field("source", t.source, { hint: t.sourceHint })}
			<div class="grid-2">
				{(many ? subs : subs.slice(0, 2)).map((n) => field(n, t.sub(Number(n.slice(3)))))}
			</div>
			{!many && (
				<div>
					<Button small onClick={() => setAll(true)}>
						{t.allSubs}
					</Button>
				</div>
			)}
			{hosts?.length === 0 && !now.url ? (
				<div class="field">
					<span class="label">{t.deep}</span>
					<span class="hint">{t.deepNone}</span>
				</div>
			) : (
				field("url", t.deep, {
					hint: hosts?.length ? t.deepHosts(hosts.join(", ")) : t.deepHint,
					placeholder: "https://shop.example.com/shoes",
				})
			)}
		</>
	);
}

type Links = {
	data?: Schema["OfferLinks"];
	problem?: Parameters<typeof Failed>[0]["problem"];
	again: () => void;
};

function Result({ now, offer, links }: { now: Built; offer: Schema["Offer"] | undefined; links: Links }) {
	const [shortening, setShortening] = useState(false);
	const base = links.data?.tracking_link;
	if (!Number(now.offer))
		return (
			<Card title={t.link}>
				<Empty icon={Link2} title={t.noOffer}>
					{t.noOfferHint}
				</Empty>
			</Card>
		);
	if (links.problem) return <Failed problem={links.problem} again={links.again} />;
	if (!links.data)
		return (
			<Card title={t.link}>
				<Skeleton lines={4} />
			</Card>
		);
	if (!base)
		return (
			<Card title={t.link}>
				{links.data.not_approved ? (
					<NotApproved offerId={Number(now.offer)} access={offer?.my_access} />
				) : (
					<Empty title={t.noAffiliate}>{t.noAffiliateHint}</Empty>
				)}
			</Card>
		);
	const link = withValues(base, now);
	return (
		<>
			<Card
				title={t.link}
				actions={
					may("write") && (
						<Button small onClick={() => setShortening(true)}>
							{t.shorten}
						</Button>
					)
				}
			>
				<div class="stack">
					{offer && offer.status !== "active" && (
						<Notice tone="warn">{t.notActive(text.status[offer.status ?? "paused"])}</Notice>
					)}
					<Code of={link} wrap label={t.link} />
					{tooLong(link) && <Notice tone="warn">{t.limits.line}</Notice>}
					{links.data.short_link && (
						<div class="row between">
							<span class="id break">{links.data.short_link}</span>
							<Copy value={links.data.short_link} label={t.copyShort} />
						</div>
					)}
					<TryIt link={link} offer={Number(now.offer)} affiliate={links.data.affiliate_id ?? 0} />
				</div>
			</Card>
			<Card title={t.qr}>
				<QrCode of={link} />
			</Card>
			{links.data.impression_tag && (
				<Card title={t.impression}>
					<div class="stack tight">
						<p class="mute">{t.impressionHint}</p>
						<Code of={tagWith(links.data.impression_tag, now)} wrap label={t.impression} />
					</div>
				</Card>
			)}
			{shortening && (
				<ShortLinkDialog
					base={new URL(base).origin}
					begin={{
						offer_id: Number(now.offer),
						affiliate_id: links.data.affiliate_id ?? 0,
						query: queryOfValues(now),
					}}
					onClose={() => setShortening(false)}
				/>
			)}
		</>
	);
}

function NotApproved({ offerId, access }: { offerId: number; access: Schema["Offer"]["my_access"] }) {
	const mine = side.value === "affiliate";
	const to = mine ? `/offers/${offerId}` : `/offers/${offerId}/access`;
	const label = !mine ? t.toAccess : access === "none" ? t.toAsk : t.toOffer;
	return (
		<Empty title={t.noLink} action={<Go to={to}>{label}</Go>}>
			{mine ? t.notApproved[access ?? "none"] : t.notApproved.theirs}
		</Empty>
	);
}

type Tried = { id: string; url?: string } | "waiting" | "lost";

/** Follows the link once as test traffic, and says where that leads. */
export function TryIt({ link, offer, affiliate }: { link: string; offer: number; affiliate: number }) {
	const [tried, setTried] = useState<Tried>();
	useEffect(() => setTried(undefined), [link]);
	const test = `${link}${link.includes("?") ? "&" : "?"}test=1`;
	const go = async () => {
		setTried("waiting");
		// From the node that the console is on, the answer can be read. Another host
		// is opened like any visitor would, and the click is looked up.
		if (new URL(link).origin === new URL(nodeUrl).origin) setTried(await asked(test));
		else {
			const since = new Date(Date.now() - 2000).toISOString();
			window.open(test, "_blank", "noopener,noreferrer");
			setTried(await looked(offer, affiliate, since));
		}
	};
	return (
		<div class="stack tight">
			<div class="row">
				<Button onClick={go} busy={tried === "waiting"}>
					<FlaskConical aria-hidden />
					{t.tryIt}
				</Button>
				<span class="mute small">{t.tryHint}</span>
			</div>
			<div aria-live="polite">
				{tried === "lost" && <Notice tone="warn">{t.tryLost}</Notice>}
				{typeof tried === "object" && <Arrived of={tried} />}
			</div>
		</div>
	);
}

function Arrived({ of }: { of: { id: string; url?: string } }) {
	return (
		<Notice tone={of.url ? "good" : "warn"}>
			<div class="stack tight">
				<p>
					{of.url ? t.tryDone : t.tryAway} <TraceLink id={of.id} short />
				</p>
				{of.url && <p class="id break">{said(of.url)}</p>}
				<div class="row">
					<Go small to={`/trace/${of.id}`}>
						{t.seeTrace}
					</Go>
					{of.url && /^https?:/i.test(of.url) && (
						<a class="btn small" href={of.url} target="_blank" rel="noopener noreferrer">
							<ExternalLink aria-hidden />
							{t.openLanding}
						</a>
					)}
				</div>
			</div>
		</Notice>
	);
}

async function asked(link: string): Promise<Tried> {
	try {
		const got = await fetch(`${link}&format=json`, { credentials: "omit" });
		const answer = (await got.json()) as { transaction_id?: string; url?: string };
		return answer.transaction_id
			? { id: answer.transaction_id, url: got.ok ? answer.url : undefined }
			: "lost";
	} catch {
		return "lost";
	}
}

async function looked(offer: number, affiliate: number, since: string): Promise<Tried> {
	for (let i = 0; i < 15; i++) {
		await new Promise((again) => setTimeout(again, 1500));
		try {
			const got = await read(
				jsonOf(
					api.GET("/api/v1/clicks", {
						params: {
							query: {
								test: "1",
								limit: "1",
								from: since,
								filter: [`offer=${offer}`, `affiliate=${affiliate}`],
							},
						},
					}),
				),
			);
			const c = got.data?.[0];
			if (c) return { id: c.transaction_id, url: c.turned_away ? undefined : (c.sent_to ?? "") };
		} catch {
			return "lost";
		}
	}
	return "lost";
}
