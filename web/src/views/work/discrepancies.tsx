import { useMemo } from "preact/hooks";
import { api, useRead } from "../../api/client.ts";
import { count, day, percent, today } from "../../lib/format.ts";
import { side, zone } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Chart } from "../../ui/chart.tsx";
import { ComboField, PickField } from "../../ui/fields.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty, Failed, Read, Skeleton } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { RangePicker, rangeOf } from "../../ui/range.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Notes } from "../reports/notes.tsx";
import { Causes, type Found } from "./causes.tsx";
import { Findings } from "./findings.tsx";
import { rateOf, type Sums, sumBy } from "./loss.ts";
import "./work.css";

const t = text.work.discrepancies;

/** Pixel against postback. */
export default function Discrepancies() {
	const [state, set] = useUrlState({ range: "last7", offer: "", tz: "" });
	const tz = state.tz || zone.value;
	const { from, to } = rangeOf(state.range);
	const asked = {
		from,
		to: to >= today() ? undefined : to,
		tz,
		filter: state.offer ? [`offer=${state.offer}`] : undefined,
	};
	const got = useRead(
		["reports", "discrepancy", asked],
		(signal) => api.GET("/api/v1/reports/discrepancy", { params: { query: asked }, signal }),
		{ dear: true, enabled: side.value !== "affiliate" },
	);
	if (side.value === "affiliate")
		return (
			<Page title={t.title}>
				<Empty title={text.problem.forbidden}>{t.notYours}</Empty>
			</Page>
		);
	return (
		<Page title={t.title} lead={t.lead}>
			<div class="filters ends">
				<div class="field">
					<span class="label">{text.range.label}</span>
					<RangePicker value={state.range} onValue={(range) => set({ range })} />
				</div>
				<PickField kind="offer" label={t.offer} value={state.offer} onValue={(offer) => set({ offer })} />
				<ComboField
					label={t.zone}
					value={tz}
					onValue={(v) => set({ tz: v === zone.value ? "" : v })}
					options={Intl.supportedValuesOf("timeZone").map((z) => ({
						value: z,
						label: z.replaceAll("_", " "),
					}))}
				/>
			</div>
			{got.problem && !got.data ? (
				<Failed problem={got.problem} again={got.again} />
			) : (
				<Read of={got} wait={<Wait />}>
					{(d) => <Body found={d} offer={state.offer} onOffer={(offer) => set({ offer })} />}
				</Read>
			)}
		</Page>
	);
}

function Wait() {
	return (
		<div class="stack">
			<div class="grid-2">
				{[0, 1, 2, 3].map((i) => (
					<Card key={i}>
						<Skeleton lines={4} />
					</Card>
				))}
			</div>
			<Card>
				<Skeleton lines={1} height="220px" />
			</Card>
		</div>
	);
}

type BodyProps = { found: Found; offer: string; onOffer: (offer: string) => void };

function Body({ found: d, offer, onOffer }: BodyProps) {
	if (d.total.conversions === 0)
		return (
			<Card>
				<Empty title={t.none}>{t.noneHint}</Empty>
				<OneChannel offers={d.one_channel_offers} />
			</Card>
		);
	return (
		<div class="stack">
			<Findings total={d.total} one={offer !== ""} offer={Number(offer) || undefined} />
			<Rates found={d} />
			<Card flush title={offer ? t.byDay : t.byOffer}>
				<Rows found={d} offer={offer} onOffer={onOffer} />
				<Notes of={d.notes} asOf={d.as_of} />
			</Card>
			<Causes found={d} offer={offer} />
			<Browsers found={d} />
			<OneChannel offers={d.one_channel_offers} />
		</div>
	);
}

function Rates({ found: d }: { found: Found }) {
	const days = useMemo(() => sumBy(d.rows, (r) => r.day).sort((a, b) => (a.key < b.key ? -1 : 1)), [d]);
	const x = useMemo(() => days.map((s) => Date.parse(`${s.key}T00:00:00Z`) / 1000), [days]);
	if (days.length < 2) return null;
	const write = (v: number | null) => percent(v, 1);
	return (
		<Card title={t.rate}>
			<Chart
				caption={t.rate}
				by="day"
				x={x}
				height={200}
				series={[
					{ name: t.pixelLoss, values: days.map((s) => rateOf(s.pixel)), write },
					{ name: t.postbackLoss, values: days.map((s) => rateOf(s.postback)), write },
				]}
			/>
		</Card>
	);
}

function Rows({ found: d, offer, onOffer }: BodyProps) {
	const rows = useMemo(() => {
		if (offer) return sumBy(d.rows, (r) => r.day).sort((a, b) => (a.key < b.key ? 1 : -1));
		return sumBy(d.rows, (r) => String(r.offer)).sort((a, b) => b.conversions - a.conversions);
	}, [d, offer]);
	const total = d.total;
	const columns: Column<Sums>[] = [
		{
			key: "key",
			head: offer ? t.day : t.offer,
			foot: text.reports.sumRow,
			cell: (s) =>
				offer ? (
					day(s.key)
				) : (
					<button type="button" class="row-link" onClick={() => onOffer(s.key)}>
						<Named kind="offer" id={Number(s.key)} plain />
					</button>
				),
		},
		{ key: "n", head: t.seen, end: true, cell: (s) => count(s.conversions), foot: count(total.conversions) },
		{ key: "both", head: t.both, end: true, cell: (s) => count(s.both), foot: count(total.both) },
		{
			key: "px",
			head: t.onlyPixel,
			end: true,
			cell: (s) => count(s.onlyPixel),
			foot: count(total.only_pixel),
		},
		{
			key: "pb",
			head: t.onlyPostback,
			end: true,
			cell: (s) => count(s.onlyPostback),
			foot: count(total.only_postback),
		},
		{
			key: "differ",
			head: t.differ,
			end: true,
			cell: (s) => count(s.differ),
			foot: count(total.amounts_differ),
		},
		{
			key: "pl",
			head: t.pixelLoss,
			end: true,
			cell: (s) => percent(rateOf(s.pixel), 1),
			foot: percent(total.pixel_loss.rate, 1),
		},
		{
			key: "bl",
			head: t.postbackLoss,
			end: true,
			cell: (s) => percent(rateOf(s.postback), 1),
			foot: percent(total.postback_loss.rate, 1),
		},
	];
	return (
		<Table
			caption={offer ? t.byDay : t.byOffer}
			rows={rows}
			rowKey={(s) => s.key}
			columns={columns}
			onRow={offer ? undefined : (s) => onOffer(s.key)}
			height="60dvh"
		/>
	);
}

function Browsers({ found: d }: { found: Found }) {
	if (d.browsers.length === 0) return null;
	return (
		<Card flush title={t.browsers}>
			<Table
				caption={t.browsers}
				rows={d.browsers}
				rowKey={(b) => b.browser}
				columns={[
					{ key: "b", head: t.browser, cell: (b) => b.browser || t.unknown },
					{ key: "m", head: t.missed, end: true, cell: (b) => count(b.missed) },
					{ key: "of", head: t.of, end: true, cell: (b) => count(b.of) },
					{ key: "rate", head: t.lossHead, end: true, cell: (b) => percent(b.rate, 1) },
					{
						key: "bounds",
						head: t.bounds,
						cell: (b) => (
							<span class="row keep">
								<span class="range-bar" aria-hidden="true">
									<i style={{ insetInlineStart: `${b.low * 100}%`, width: `${(b.high - b.low) * 100}%` }} />
									<b style={{ insetInlineStart: `${b.rate * 100}%` }} />
								</span>
								<span class="small mute num">
									{percent(b.low, 1)} – {percent(b.high, 1)}
								</span>
							</span>
						),
					},
				]}
			/>
		</Card>
	);
}

const mostNamed = 12;

function OneChannel({ offers }: { offers: number[] }) {
	if (offers.length === 0) return null;
	return (
		<p class="small mute">
			{t.oneChannel(offers.length)}{" "}
			{offers.slice(0, mostNamed).map((id, i) => (
				<span key={id}>
					{i > 0 && ", "}
					<Named kind="offer" id={id} />
				</span>
			))}
			{offers.length > mostNamed && ` ${t.andMore(offers.length - mostNamed)}`}
		</p>
	);
}
