import { Circle, CircleCheck } from "lucide-preact";
import { Link } from "wouter-preact";
import { api, useRead } from "../../api/client.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Go } from "../../ui/button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";

const t = text.overview.start;

/** The way from an empty node to the first conversion; gone when it is behind one. */
export function FirstSteps({ clicks, conversions }: { clicks: boolean; conversions: boolean }) {
	const query = { limit: 1 };
	const wanted = side.value === "network" && may("write") && !conversions;
	const offers = useRead(
		["offers", "first"],
		(signal) => api.GET("/api/v1/offers", { params: { query }, signal }),
		{
			enabled: wanted,
		},
	);
	const affiliates = useRead(
		["affiliates", "first"],
		(signal) => api.GET("/api/v1/affiliates", { params: { query }, signal }),
		{ enabled: wanted },
	);
	const seen = useRead(
		["conversions", "first"],
		(signal) => api.GET("/api/v1/conversions", { params: { query }, signal }),
		{
			enabled: wanted,
		},
	);
	const bots = useRead(
		["clicks", "first-bots"],
		(signal) =>
			api.GET("/api/v1/clicks", { params: { query: { limit: "1", filter: ["is_bot=true"] } }, signal }),
		{ enabled: wanted && !clicks },
	);
	const bot = !clicks && ((bots.data as { data: unknown[] } | undefined)?.data.length ?? 0) > 0;
	if (
		!wanted ||
		!offers.data ||
		!affiliates.data ||
		!seen.data ||
		(seen.data as { data: unknown[] }).data.length > 0
	)
		return null;
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
