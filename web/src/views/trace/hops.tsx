import { ArrowRight } from "lucide-preact";
import type { Schema } from "../../api/client.ts";
import { codeName } from "../../lib/codes.ts";
import { me, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Status } from "../../ui/bits.tsx";
import { Named } from "../../ui/named.tsx";
import { said } from "../../ui/said.tsx";
import { worded } from "../lists/words.ts";

const t = text.trace.hop;

/** The chain of trackers that a visitor went through, and the IDs that each knows them by. */
export function Hops({ of }: { of: Schema["Part"] }) {
	const heard = of.heard ?? [];
	const onward = of.onward ?? [];
	const last = heard[heard.length - 1];
	return (
		<ol class="chain" aria-label={t.label}>
			<li>
				<span class="small mute">{t.before}</span>
				<span class="strong">
					{of.before?.affiliate_id ? <From id={of.before.affiliate_id} /> : t.unknown}
				</span>
				<span class="id break small">{said(of.before?.id || t.noId)}</span>
			</li>
			<Arrow />
			<li class="self">
				<span class="small mute">{t.here}</span>
				<span class="strong">Waybill</span>
				<span class="id break small">{of.transaction_id}</span>
			</li>
			<Arrow />
			<li class={of.next?.turned_away || (of.next?.host && !of.next.id) ? "broken" : ""}>
				<span class="small mute">{t.next}</span>
				<span class="strong break">{of.next?.turned_away ? t.turnedAway : of.next?.host || t.offer}</span>
				<span class="id break small">
					{(of.next?.turned_away && worded("turned", of.next.turned_away)) ??
						(of.next?.id ? `${of.next.parameter}=${of.next.id}` : of.next?.host ? t.idNotSent : "")}
				</span>
			</li>
			<Arrow />
			<li class={last && last.status === "rejected" ? "broken" : ""}>
				<span class="small mute">{t.heard}</span>
				<span class="row">
					{last ? <Status of={last.status} /> : <span class="mute">{t.nothing}</span>}
					{heard.length > 1 && <span class="small mute">{t.times(heard.length)}</span>}
				</span>
				{last && (
					<span class="small mute break">
						{said(
							[worded("channels", last.channel), codeName(last.code), last.order_id]
								.filter(Boolean)
								.join(" · "),
						)}
					</span>
				)}
			</li>
			<Arrow />
			<li class={onward.some((o) => o.state === "dead") ? "broken" : ""}>
				<span class="small mute">{t.onward}</span>
				{onward.length === 0 && <span class="mute">{t.nothingOwed}</span>}
				{onward.slice(0, 3).map((o) => (
					<span key={o.delivery_id} class="row tight">
						<Status of={o.state} />
						<span class="small break">{said(o.host)}</span>
					</span>
				))}
				{onward.length > 3 && <span class="small mute">{t.moreOwed(onward.length - 3)}</span>}
			</li>
		</ol>
	);
}

function Arrow() {
	return (
		<li class="to" aria-hidden="true">
			<ArrowRight />
		</li>
	);
}

// By name, for whoever is signed in: a shared page shows numbers.
function From({ id }: { id: number }) {
	if (me.value && side.value === "affiliate") return t.you;
	return me.value ? <Named kind="affiliate" id={id} plain /> : t.affiliate(id);
}
