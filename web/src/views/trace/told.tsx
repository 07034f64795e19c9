// What a step of a trace says, in the words of whoever reads it.
import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";
import type { Schema } from "../../api/client.ts";
import { codeName } from "../../lib/codes.ts";
import { sum } from "../../lib/format.ts";
import type { Side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Named } from "../../ui/named.tsx";
import { said } from "../../ui/said.tsx";
import { sentence, worded } from "../lists/words.ts";
import { bookedAs } from "./booked.ts";

type Step = Schema["TraceStep"];

const t = text.trace.told;

/** Who reads a trace, and whether names can be looked up. */
export type Reader = { side: Side; named: boolean };

/** The sentence of a step. */
export function Told({ step, reader }: { step: Step; reader: Reader }) {
	return <p>{said(tellings[step.kind]?.(step, reader) ?? step.text)}</p>;
}

type Telling = (step: Step, reader: Reader) => ComponentChildren | undefined;

const visited =
	(how: "link" | "tag"): Telling =>
	(step, { side, named }) => {
		const m = /affiliate (\d+)'s .* offer (\d+)\.$/.exec(step.text);
		if (!m) return undefined;
		const [who, offer] = (["affiliate", "offer"] as const).map((kind, i) => {
			const id = Number(m[i + 1]);
			return named ? <Named key={kind} kind={kind} id={id} /> : `${text.pick[kind].toLowerCase()} ${id}`;
		});
		return side === "affiliate" ? t.own[how](offer) : t[how](who, offer);
	};

const tellings: Partial<Record<Step["kind"], Telling>> = {
	click: visited("link"),
	impression: visited("tag"),
	turned_away: (step) => {
		const m = /: (\w+)\.$/.exec(step.text);
		return m && t.turnedAway(worded("turned", m[1]));
	},
	signal: (step, { named }) => {
		const paid = /^Paid by payout (\d+)\./.exec(step.text);
		if (paid && named)
			return t.paid(<Link href={`/payouts/${paid[1]}`}>{text.payouts.pay.payout(Number(paid[1]))}</Link>);
		const m = /^A signal came on the channel (\w+)\.(.*)$/.exec(step.text);
		return m && `${t.signal[m[1] as keyof typeof t.signal] ?? step.text.split(".")[0]}.${m[2]}`;
	},
	verdict: (step) => {
		const m = /^(.*) (\w+) \((\w+)\)\.$/.exec(step.text);
		return m && sentence(t.verdict(m[1]!, m[2]!, codeName(m[3]!)));
	},
	entry: (step, { side }) => {
		const r = step.record as Schema["Entry"] | undefined;
		if (!r?.account || !r.amount) return undefined;
		const { party, book, less, size } = bookedAs(r);
		const say = t.entry[party]?.[book]?.[less ? "less" : "more"];
		return say?.(sum({ ...r.amount, amount: size }), side === party);
	},
	delivery: (step) => {
		const m = /^A postback about ([\w.]+) is owed to subscription (\d+); it is (\w+) now\.$/.exec(step.text);
		return m && t.delivery(worded("tellings", m[1]), m[2]!, m[3]!);
	},
	attempt: (step) => {
		const m = /^Attempt (\d+) failed: (\w+)/.exec(step.text);
		const status = /\(HTTP \d+\)/.exec(step.text)?.[0];
		return m && t.failed(m[1]!, worded("errors", m[2]), status ?? "");
	},
};
