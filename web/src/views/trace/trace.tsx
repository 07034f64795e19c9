import "./trace.css";
import { RotateCcw, Share2 } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link, useParams } from "wouter-preact";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { sum } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Copy, Status } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { ask } from "../../ui/dialog.tsx";
import { Failed, Skeleton } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Hops } from "./hops.tsx";
import { ShareDialog } from "./share.tsx";
import { Steps } from "./steps.tsx";

type Step = Schema["TraceStep"];
// biome-ignore lint/suspicious/noExplicitAny: any part may be missing, by role
type Loose = any;

const t = text.trace;

/** Everything about one transaction ID, in the order of time. */
export default function Trace() {
	const { id = "" } = useParams();
	const [sharing, setSharing] = useState(false);
	const trace = useRead(
		["trace", id],
		(signal) =>
			api.GET("/api/v1/trace/{transaction_id}", { params: { path: { transaction_id: id } }, signal }),
		{ keep: false },
	);
	const got = trace.data;
	return (
		<Page
			title={t.title}
			crumbs={[{ label: text.nav.trace, to: "/trace" }]}
			lead={
				<span class="row tight">
					<span class="id break">{id}</span>
					<Copy value={id} />
					{got?.test && <Badge tone="info">{t.test}</Badge>}
				</span>
			}
			actions={
				<>
					<Button onClick={trace.again} busy={trace.renewing} aria-label={t.again} icon>
						<RotateCcw aria-hidden />
					</Button>
					{side.value === "network" && may("write") && (
						<Button onClick={() => setSharing(true)} disabled={!got}>
							<Share2 aria-hidden />
							{t.share.open_}
						</Button>
					)}
				</>
			}
		>
			{trace.problem && !got && <Failed problem={trace.problem} again={trace.again} />}
			{trace.loading && (
				<Card>
					<Skeleton lines={9} />
				</Card>
			)}
			{got && (
				<div class="stack">
					<Card title={t.chain} flush actions={<Outcome steps={got.steps} />}>
						<Hops of={got.hops} />
					</Card>
					<Card title={t.steps(got.steps.length)} flush>
						<Steps
							steps={got.steps}
							reader={{ side: side.value, named: true }}
							actions={(s) => <Actions step={s} />}
						/>
					</Card>
				</div>
			)}
			{sharing && <ShareDialog id={id} onClose={() => setSharing(false)} />}
		</Page>
	);
}

// What came of it, in a line: the status and the money.
function Outcome({ steps }: { steps: Step[] }) {
	const made = steps.filter((s) => s.kind === "conversion").map((s) => s.record as Loose);
	if (made.length === 0) return <span class="mute">{t.noConversion}</span>;
	return (
		<>
			{made.map((c) => (
				<span key={c.id} class="row tight">
					<Status of={c.status} />
					<Link href={`/conversions/${c.id}`}>{c.goal || t.conversion}</Link>
					<span class="num mute">
						{c.status === "rejected"
							? t.paysNothing
							: [c.revenue && t.earned(sum(c.revenue)), c.payout && t.paid(sum(c.payout))]
									.filter(Boolean)
									.join(" · ")}
					</span>
				</span>
			))}
		</>
	);
}

function Actions({ step }: { step: Step }) {
	const r = step.record as Loose;
	const id = step.id ?? "";
	const judge = useChange(
		(dry: boolean) =>
			api.POST("/api/v1/signals/{id}/replay", { params: { path: { id } }, body: { dry_run: dry } }),
		{ touches: ["trace", "signals"] },
	);
	const send = useChange(() => api.POST("/api/v1/deliveries/{id}/replay", { params: { path: { id } } }), {
		touches: ["trace", "deliveries"],
		done: t.resent,
	});
	if (!may("write")) return null;
	if (step.kind === "signal" && r?.verdict?.status === "rejected") {
		const replay = async () => {
			const would = await judge.run(true);
			if (!would) return;
			const verdict = (would as Loose).after ?? (would as Loose).verdict ?? would;
			const sure = await ask({
				title: t.replayTitle,
				body: t.replayWould(verdict.status ?? "", verdict.message ?? verdict.code ?? ""),
				yes: t.replay,
			});
			if (sure) await judge.run(false);
		};
		return (
			<Button small quiet onClick={replay} busy={judge.busy}>
				{t.replay}
			</Button>
		);
	}
	if (step.kind === "delivery" && ["dead", "delivered", "withdrawn", "parked"].includes(r?.state)) {
		const again = async () => {
			if (await ask({ title: t.resendTitle, body: t.resendBody, yes: t.resend })) await send.run();
		};
		return (
			<>
				<Go small quiet to={`/deliveries/${id}`}>
					{t.open}
				</Go>
				<Button small quiet onClick={again} busy={send.busy}>
					{t.resend}
				</Button>
			</>
		);
	}
	return null;
}
