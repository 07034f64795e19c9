import { Circle, CircleCheck } from "lucide-preact";
import { Link } from "wouter-preact";
import { api, useRead } from "../../api/client.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Go } from "../../ui/button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";

const t = text.overview.start;

type Props = { clicks: boolean; conversions: boolean };

/** The way from nothing to the first conversion; gone when it is behind one. */
export function FirstSteps(props: Props) {
	if (!may("write") || props.conversions) return null;
	if (side.value === "affiliate") return <AffiliateSteps {...props} />;
	return side.value === "network" ? <NetworkSteps {...props} /> : null;
}

// Whether there is anything at all in a list.
const anything = (list: unknown) => ((list as { data: unknown[] } | undefined)?.data.length ?? 0) > 0;

function AffiliateSteps({ clicks }: Props) {
	const query = { limit: 1 };
	const seen = useRead(["conversions", "first"], (signal) =>
		api.GET("/api/v1/conversions", { params: { query }, signal }),
	);
	const wanted = seen.data !== undefined && !anything(seen.data);
	const visits = useRead(
		["clicks", "first"],
		(signal) => api.GET("/api/v1/clicks", { params: { query: { limit: "1" } }, signal }),
		{ enabled: wanted },
	);
	const told = useRead(
		["postbacks", "first"],
		(signal) => api.GET("/api/v1/postbacks", { params: { query }, signal }),
		{ enabled: wanted },
	);
	if (!wanted || !visits.data || !told.data) return null;
	const clicked = clicks || anything(visits.data);
	const a = t.affiliateOwn;
	return (
		<Steps
			of={[
				{ done: clicked, say: a.find, hint: a.findHint, to: "/offers", go: a.findGo },
				{ done: clicked, say: a.link, hint: a.linkHint, to: "/links", go: a.linkGo },
				{
					done: anything(told.data),
					say: a.tracker,
					hint: a.trackerHint,
					to: "/postbacks/new",
					go: a.trackerGo,
				},
				{ done: false, say: a.earn, hint: a.earnHint, to: "/conversions", go: a.earnGo },
			]}
		/>
	);
}

function NetworkSteps({ clicks, conversions }: Props) {
	const query = { limit: 1 };
	const offers = useRead(["offers", "first-one"], (signal) =>
		api.GET("/api/v1/offers", { params: { query }, signal }),
	);
	const affiliates = useRead(["affiliates", "first-one"], (signal) =>
		api.GET("/api/v1/affiliates", { params: { query }, signal }),
	);
	const seen = useRead(["conversions", "first"], (signal) =>
		api.GET("/api/v1/conversions", { params: { query }, signal }),
	);
	const bots = useRead(
		["clicks", "first-bots"],
		(signal) =>
			api.GET("/api/v1/clicks", { params: { query: { limit: "1", filter: ["is_bot=true"] } }, signal }),
		{ enabled: !clicks },
	);
	const bot = !clicks && anything(bots.data);
	if (!offers.data || !affiliates.data || !seen.data || anything(seen.data)) return null;
	const offer = offers.data.data[0];
	const affiliate = affiliates.data.data[0];
	const steps = [
		{ done: Boolean(offer), say: t.offer, hint: t.offerHint, to: "/offers?new=1", go: t.offerGo },
		{
			done: Boolean(affiliate),
			say: t.affiliate,
			hint: t.affiliateHint,
			to: "/affiliates?new=1",
			go: t.affiliateGo,
		},
		{
			done: clicks,
			say: t.link,
			hint: t.linkHint,
			to: `/links?offer=${offer?.id ?? ""}&affiliate=${affiliate?.id ?? ""}`,
			go: t.linkGo,
			also: bot ? { say: t.onlyBots, to: "/clicks?is_bot=true", go: t.onlyBotsGo } : undefined,
		},
		{
			done: conversions,
			say: t.postback,
			hint: t.postbackHint,
			to: offer ? `/offers/${offer.id}/integration` : "/offers",
			go: t.postbackGo,
		},
	];
	return <Steps of={steps} />;
}

type Step = {
	done: boolean;
	say: string;
	hint: string;
	to: string;
	go: string;
	also?: { say: string; to: string; go: string } | undefined;
};

function Steps({ of: steps }: { of: Step[] }) {
	const next = steps.findIndex((s) => !s.done);
	return (
		<Card title={t.title}>
			<ol class="first-steps">
				{steps.map((s, i) => (
					<li key={s.say}>
						{s.done ? (
							<CircleCheck class="good" aria-label={t.done} />
						) : (
							<Circle class="mute" aria-label={t.open} />
						)}
						<span>
							<span class="strong">{s.say}</span>
							<br />
							<span class="mute">{s.hint}</span>
							{s.also && (
								<Notice tone="warn">
									{s.also.say} <Link href={s.also.to}>{s.also.go}</Link>
								</Notice>
							)}
						</span>
						{!s.done && (
							<Go to={s.to} primary={i === next}>
								{s.go}
							</Go>
						)}
					</li>
				))}
			</ol>
		</Card>
	);
}
