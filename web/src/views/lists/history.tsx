// What became of a conversion, step by step: the signals that made and changed it.
import { Link } from "wouter-preact";
import { type Schema, useRead } from "../../api/client.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { When } from "../../ui/bits.tsx";
import { Read } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import { askList } from "./ask.ts";
import type { Asked } from "./query.ts";
import { told, worded } from "./words.ts";

const t = text.lists.conversion;

type Conversion = Schema["WholeConversion"];
type Signal = Schema["Signal"];

/** The history of a conversion, the newest first. */
export function History({ of: c }: { of: Conversion }) {
	const asked: Asked = { records: "true" };
	if (c.touch.transaction_id) asked.transaction_id = c.touch.transaction_id;
	else {
		asked.offer_id = String(c.offer_id);
		asked.from = c.created_at;
		if (c.order_id && side.value !== "affiliate") asked.order_id = c.order_id;
	}
	if (c.test) asked.test = "true";
	const all = useRead(["signals", "of", c.id], (signal) =>
		askList<Signal>("/api/v1/signals", asked, undefined, signal, 200),
	);
	return (
		<Card title={t.history}>
			<Read of={all}>
				{(list) => {
					const mine = list.data.filter((s) => s.verdict.conversion_id === c.id);
					if (mine.length === 0) return <p class="mute">{t.noHistory}</p>;
					return (
						<ol class="timeline">
							{mine.map((s) => (
								<Step key={s.id} of={s} />
							))}
						</ol>
					);
				}}
			</Read>
		</Card>
	);
}

function Step({ of: s }: { of: Signal }) {
	const v = s.verdict;
	const tone = v.status === "rejected" ? "bad" : v.status === "duplicate" ? "" : "good";
	const note = s.note ?? s.extra?.note;
	const channel = worded("channels", s.channel);
	return (
		<li class={tone}>
			<div>{said(told(v.message, v.code))}</div>
			{note && <blockquote class="break">“{said(note)}”</blockquote>}
			<div class="mute small">
				<Link href={`/signals/${s.id}`}>
					<When at={s.received_at} exact />
				</Link>
				{s.payout_id ? (
					<>
						{" · "}
						<Link href={`/payouts/${s.payout_id}`}>{text.payouts.pay.payout(s.payout_id)}</Link>
					</>
				) : (
					` · ${channel}`
				)}
				{v.status === "rejected" && ` · ${t.refused}`}
			</div>
		</li>
	);
}
