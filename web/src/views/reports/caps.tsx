import { api, type Schema } from "../../api/client.ts";
import { usePages } from "../../api/pages.ts";
import { ago, clock, coins, count, dateTime, percent } from "../../lib/format.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge } from "../../ui/bits.tsx";
import { Field } from "../../ui/form.tsx";
import { Paged } from "../../ui/list.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { Pick } from "../../ui/picker.tsx";
import { type Column, Table } from "../../ui/table.tsx";

const t = text.reports.caps;

type Cap = Schema["ApiCap"];
type ViewProps = { query: URLSearchParams; go: (query: URLSearchParams) => void };

/** How fast caps are being used. */
export function CapsView({ query, go }: ViewProps) {
	const offer = query.get("offer") ?? "";
	const affiliate = query.get("affiliate") ?? "";
	const asked = {
		offer_id: Number(offer) || undefined,
		affiliate_id: Number(affiliate) || undefined,
		limit: 200,
	};
	const list = usePages(
		["reports", "caps", asked],
		(cursor, signal) => api.GET("/api/v1/reports/caps", { params: { query: { ...asked, cursor } }, signal }),
		{ every: 30_000 },
	);
	const put = (name: string, value: string) => {
		const next = new URLSearchParams(query);
		if (value) next.set(name, value);
		else next.delete(name);
		go(next);
	};
	const narrowed = offer !== "" || affiliate !== "";
	return (
		<div class="stack">
			<section class="card report-card row picks">
				<div class="pick">
					<Field label={text.pick.offer}>
						{({ id }) => <Pick id={id} kind="offer" value={offer} onValue={(v) => put("offer", v)} />}
					</Field>
				</div>
				{side.value === "network" && (
					<div class="pick">
						<Field label={text.pick.affiliate}>
							{({ id }) => (
								<Pick id={id} kind="affiliate" value={affiliate} onValue={(v) => put("affiliate", v)} />
							)}
						</Field>
					</div>
				)}
				<span class="small mute">{t.legend}</span>
			</section>
			<Card flush>
				<Paged of={list} foot={list.asOf && t.asOf(clock(list.asOf))}>
					<Table
						caption={t.caption}
						rows={[...list.rows].sort((a, b) => urgency(b) - urgency(a))}
						rowKey={(c, i) => `${c.offer_id} ${c.metric} ${c.period} ${c.goal} ${c.affiliate_id} ${i}`}
						columns={columns()}
						loading={list.loading}
						empty={
							<Empty title={narrowed ? t.noneFit : t.empty}>{narrowed ? t.noneFitHint : t.emptyHint}</Empty>
						}
					/>
				</Paged>
			</Card>
		</div>
	);
}

// What needs a look stands first: reached, then what will be, then by use.
const urgency = (c: Cap) => (c.reached ? 4 : c.expected_at ? 2 : 0) + Math.min(1, c.share);

const amount = (c: Cap, v: string | undefined) =>
	c.metric === "conversions" ? count(v === undefined ? null : Math.round(Number(v))) : coins(v, c.currency);

function columns(): Column<Cap>[] {
	return [
		{ key: "offer", head: t.offer, cell: (c) => <Named kind="offer" id={c.offer_id} /> },
		{
			key: "of",
			head: t.of,
			cell: (c) => (
				<>
					{amount(c, c.limit)} {t.metrics[c.metric] ?? c.metric} {t.periods[c.period] ?? c.period}
					<span class="mute small">
						{c.goal && `, ${t.goal(c.goal)}`}, {c.on_reached === "pending" ? t.pending : t.reject}
					</span>
				</>
			),
		},
		...(side.value === "network"
			? [
					{
						key: "affiliate",
						head: t.affiliate,
						cell: (c: Cap) => <Named kind="affiliate" id={c.affiliate_id} />,
					},
				]
			: []),
		{ key: "used", head: t.used, end: true, cell: (c) => amount(c, c.used) },
		{ key: "bar", head: t.use, cell: (c) => <Pace cap={c} /> },
		{ key: "left", head: t.left, end: true, cell: (c) => amount(c, c.left) },
		{ key: "pace", head: t.pace, cell: (c) => <Outlook cap={c} /> },
		{
			key: "ends",
			head: t.ends,
			cell: (c) =>
				c.ends_at ? <span title={`${dateTime(c.ends_at)} (${c.tz})`}>{ago(c.ends_at)}</span> : t.never,
		},
	];
}

// Pace is a bar of what is used, with a mark at how much of the period is over.
function Pace({ cap: c }: { cap: Cap }) {
	const used = percent(c.share, 0);
	const over = c.period_share === undefined ? undefined : percent(c.period_share, 0);
	const ahead = c.period_share !== undefined && c.share > c.period_share;
	return (
		<span
			class={`pace ${c.reached ? "full" : ahead ? "ahead" : ""}`}
			role="img"
			aria-label={over === undefined ? t.barNoTime(used) : t.bar(used, over)}
			title={over === undefined ? t.barNoTime(used) : t.bar(used, over)}
		>
			<i style={{ width: `${Math.min(1, c.share) * 100}%` }} />
			{c.period_share !== undefined && <b style={{ insetInlineStart: `${c.period_share * 100}%` }} />}
		</span>
	);
}

function Outlook({ cap: c }: { cap: Cap }) {
	if (c.reached)
		return (
			<span class="row tight keep">
				<Badge tone="bad">{t.reached}</Badge>
				{Number(c.overshoot) > 0 && <span class="small mute">{t.over(amount(c, c.overshoot))}</span>}
			</span>
		);
	if (c.expected_at)
		return (
			<span title={dateTime(c.expected_at)}>
				<Badge tone="warn">{t.runsOut(ago(c.expected_at))}</Badge>
			</span>
		);
	return (
		<span class="row tight keep">
			<Badge tone="good">{t.fits}</Badge>
			{c.expected_use && <span class="small mute">{t.wouldUse(amount(c, c.expected_use))}</span>}
		</span>
	);
}
