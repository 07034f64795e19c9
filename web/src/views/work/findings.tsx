import { CircleCheck, Info, TriangleAlert } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { api, type Schema, useRead } from "../../api/client.ts";
import { milliseconds } from "../../lib/duration.ts";
import { count, money, percent, span } from "../../lib/format.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Card } from "../../ui/page.tsx";
import { gravity } from "./loss.ts";

const t = text.work.discrepancies;

type Total = Schema["DiscrepancySums"];
type Loss = Schema["Loss"];
type Tone = "good" | "info" | "warn";

// What every pixel loses to browsers that block it, and what nobody should accept.
const pixelUsual = 0.03;
const pixelMuch = 0.25;
const postbackUsual = 0.01;
const postbackMuch = 0.1;

const icons = { good: CircleCheck, info: Info, warn: TriangleAlert };

function Finding({
	title,
	tone,
	value,
	hint,
	children,
}: {
	title: string;
	tone: Tone;
	value: string;
	hint?: string;
	children: ComponentChildren;
}) {
	const Icon = icons[tone];
	return (
		<Card>
			<div class="finding" data-tone={tone}>
				<Icon aria-hidden />
				<div class="stack tight">
					<h2>{title}</h2>
					<div>
						<span class="figure">{value}</span>
						{hint && <span class="small mute"> {hint}</span>}
					</div>
					{children}
				</div>
			</div>
		</Card>
	);
}

/** What the numbers mean, in sentences. */
export function Findings({
	total: d,
	one,
	offer,
}: {
	total: Total;
	one: boolean;
	offer: number | undefined;
}) {
	return (
		<div class="grid-2">
			<Pixel loss={d.pixel_loss} />
			<Postback loss={d.postback_loss} />
			<Amounts total={d} one={one} offer={offer} />
			<Times total={d} />
		</div>
	);
}

const bounds = (l: Loss) => (l.of > 0 ? t.between(percent(l.low, 1), percent(l.high, 1)) : "");

function Pixel({ loss: l }: { loss: Loss }) {
	const tone = gravity(l.rate, pixelUsual, pixelMuch);
	const said = { good: t.pixelFine, info: t.pixelUsual, warn: t.pixelMuch }[tone];
	return (
		<Finding title={t.pixelTitle} tone={tone} value={percent(l.rate, 1)} hint={bounds(l)}>
			<p>{l.of === 0 ? t.noLoss : t.pixelMissed(count(l.missed), count(l.of))}</p>
			{l.of > 0 && <p class="mute">{said}</p>}
		</Finding>
	);
}

function Postback({ loss: l }: { loss: Loss }) {
	const tone = gravity(l.rate, postbackUsual, postbackMuch);
	const words = side.value === "advertiser" ? { ...t, ...t.own } : t;
	const said = { good: words.postbackFine, info: words.postbackSome, warn: words.postbackMuch }[tone];
	return (
		<Finding title={t.postbackTitle} tone={tone} value={percent(l.rate, 1)} hint={bounds(l)}>
			<p>{l.of === 0 ? t.noLoss : t.postbackMissed(count(l.missed), count(l.of))}</p>
			{l.of > 0 && <p class="mute">{said}</p>}
		</Finding>
	);
}

function Amounts({ total: d, one, offer }: { total: Total; one: boolean; offer: number | undefined }) {
	const of = d.amounts_equal + d.amounts_differ;
	const read = useRead(
		["offers", String(offer)],
		(signal) => api.GET("/api/v1/offers/{id}", { params: { path: { id: offer as number } }, signal }),
		{ enabled: offer !== undefined },
	);
	const less = d.amount_difference.startsWith("-");
	const sum = money(d.amount_difference.replace("-", ""), read.data?.currency);
	return (
		<Finding
			title={t.amountTitle}
			tone={d.amounts_differ > 0 ? "warn" : "good"}
			value={of > 0 ? percent(d.amounts_differ / of, 1) : "–"}
			hint={of > 0 ? t.differ : ""}
		>
			<p>
				{of === 0
					? t.amountsNone
					: d.amounts_differ === 0
						? t.amountsSame(count(of))
						: t.amountsDiffer(count(d.amounts_differ), count(of))}{" "}
				{one && d.amounts_differ > 0 && (less ? t.amountsSumLess(sum) : t.amountsSum(sum))}
			</p>
			{d.amount_missing > 0 && <p>{t.amountsMissing(count(d.amount_missing))}</p>}
			{d.amounts_differ > 0 && <p class="mute">{t.amountsDo}</p>}
		</Finding>
	);
}

function Times({ total: d }: { total: Total }) {
	const median = milliseconds(d.lag_median);
	return (
		<Finding
			title={t.timeTitle}
			tone={d.other_day > 0 ? "info" : "good"}
			value={median === undefined ? "–" : span(median)}
		>
			{median === undefined ? (
				<p>{t.lagNone}</p>
			) : (
				<>
					<p>
						{t.lag(span(median), span(milliseconds(d.lag_p90)))}{" "}
						{d.both > 0 && t.pixelFirst(percent(d.pixel_first / d.both, 0))}
					</p>
					<p class="mute">{d.other_day > 0 ? t.otherDay(count(d.other_day)) : t.sameDay}</p>
				</>
			)}
		</Finding>
	);
}
