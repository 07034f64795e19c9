import { Said } from "../../ui/said.tsx";
import "./overview.css";
import { Link } from "wouter-preact";
import { clock, count, day, money, percent, short, shortMoney } from "../../lib/format.ts";
import { side, zone } from "../../lib/session.ts";
import { queryOf, useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Delta } from "../../ui/bits.tsx";
import { Go } from "../../ui/button.tsx";
import { Chart, Spark } from "../../ui/chart.tsx";
import { Empty, Failed, Skeleton } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { Health } from "./health.tsx";
import { type Overview, useOverview } from "./live.ts";
import { FirstSteps } from "./start.tsx";

const t = text.overview;

type Figures = Record<string, unknown>;
type Kind = "count" | "money" | "percent";
type Measure = { name: string; kind: Kind; down?: boolean };

// What each side has on its tiles. The API leaves out what is not theirs to see.
const measures: Record<string, Measure[]> = {
	network: [
		{ name: "clicks", kind: "count" },
		{ name: "conversions", kind: "count" },
		{ name: "revenue", kind: "money" },
		{ name: "payout", kind: "money" },
		{ name: "profit", kind: "money" },
		{ name: "cr", kind: "percent" },
		{ name: "epc", kind: "money" },
	],
	advertiser: [
		{ name: "clicks", kind: "count" },
		{ name: "conversions", kind: "count" },
		{ name: "revenue", kind: "money" },
		{ name: "cr", kind: "percent" },
		{ name: "rpc", kind: "money", down: true },
	],
	affiliate: [
		{ name: "clicks", kind: "count" },
		{ name: "conversions", kind: "count" },
		{ name: "payout", kind: "money" },
		{ name: "cr", kind: "percent" },
		{ name: "epc", kind: "money" },
	],
};

const num = (f: Figures | undefined, name: string): number | null => {
	const v = f?.[name];
	return v === undefined || v === null ? null : Number(v);
};

const nameOf = (m: string): string => {
	const own = t.metric as Record<string, string>;
	return own[`${side.value}_${m}`] ?? own[m] ?? m;
};

/** Today so far, beside yesterday and a week ago up to the same time. */
export default function OverviewPage() {
	const [state, set] = useUrlState({ currency: "", chart: "clicks" });
	const o = useOverview(zone.value, state.currency);
	const d = o.data;
	return (
		<Page
			title={t.title}
			lead={
				<span class="row">
					<span>{t.lead(day(new Date()), zone.value)}</span>
					<span class={`pulse small ${o.live ? "on" : ""}`}>
						<i />
						{o.live ? t.live : t.asked} {d?.as_of && t.asOf(clock(d.as_of))}
					</span>
				</span>
			}
			actions={
				<>
					{d && d.currencies.length > 1 && (
						<select
							class="select"
							style={{ width: "auto" }}
							aria-label={t.currency}
							value={d.currency}
							onChange={(e) => set({ currency: e.currentTarget.value })}
						>
							{d.currencies.map((c) => (
								<option key={c} value={c}>
									{c}
								</option>
							))}
						</select>
					)}
					<Go to={`/reports${queryOf({ range: "today", dimensions: "offer" })}`}>{t.report}</Go>
				</>
			}
		>
			{o.problem && !d && <Failed problem={o.problem} again={o.again} />}
			{!d && !o.problem && <Waiting />}
			{d && (
				<div class="stack">
					<FirstSteps
						clicks={(num(d.periods.today.metrics, "clicks") ?? 0) > 0}
						conversions={(num(d.periods.today.metrics, "conversions") ?? 0) > 0}
					/>
					<Tiles of={d} />
					<div class="wide-2">
						<Day of={d} at={state.chart} onAt={(chart) => set({ chart }, { replace: true })} />
						<Health of={d.health} />
					</div>
					<div class="grid-2">
						<Top title={t.topOffers} by="offer" rows={d.top_offers as Figures[]} currency={d.currency} />
						{d.top_affiliates && (
							<Top
								title={t.topAffiliates}
								by="affiliate"
								rows={d.top_affiliates as Figures[]}
								currency={d.currency}
							/>
						)}
					</div>
				</div>
			)}
		</Page>
	);
}

function Waiting() {
	return (
		<div class="stack">
			<Skeleton lines={1} height="128px" />
			<Skeleton lines={1} height="330px" />
			<Skeleton lines={1} height="260px" />
		</div>
	);
}

const write = (m: Measure, v: number | string | null, currency?: string, brief = false): string => {
	if (v === null) return "–";
	if (m.kind === "money") return brief ? shortMoney(v, currency) : money(v, currency);
	if (m.kind === "percent") return percent(Number(v));
	return brief ? short(Number(v)) : count(Number(v));
};

// The change to another day, or what that day had where there is none to tell.
function Beside({
	measure: m,
	now,
	before,
	day,
	currency,
}: {
	measure: Measure;
	now: number | null;
	before: number | null;
	day: "yesterday" | "week";
	currency?: string;
}) {
	const whole = t.besides[day](write(m, before, currency));
	if (now !== null && before)
		return (
			<span title={whole}>
				<Delta now={now} before={before} down={m.down} />{" "}
				<span class="small mute nowrap">{t.versus[day]}</span>
			</span>
		);
	return (
		<span class="small num mute" title={whole}>
			{before === null ? t.none : write(m, before, currency, true)} {t.on[day]}
		</span>
	);
}

// The height of an hour in the shape of a day. What hours do not have by themselves
// is made of what they have; only its shape is seen, no number.
function shapeOf(h: Figures, name: string): number {
	const own = num(h, name);
	if (own !== null) return own;
	const [clicks, revenue, payout] = ["clicks", "revenue", "payout"].map((m) => num(h, m) ?? 0) as [
		number,
		number,
		number,
	];
	const made: Record<string, number> = {
		profit: Math.max(0, revenue - payout),
		cr: (num(h, "conversions") ?? 0) / (clicks || 1),
		epc: payout / (clicks || 1),
		rpc: revenue / (clicks || 1),
	};
	return made[name] ?? 0;
}

function Tiles({ of: d }: { of: Overview }) {
	const { today, yesterday, last_week } = d.periods;
	// Hours come with the zone's offset: compare instants, not their spelling.
	const since = Date.parse(today.from);
	const hours = (d.hours as Figures[]).filter((h) => Date.parse(String(h.hour)) >= since);
	return (
		<div class="tiles">
			{(measures[side.value] ?? []).map((m) => {
				const now = num(today.metrics, m.name);
				return (
					<Link
						key={m.name}
						class="card tile"
						href={`/reports${queryOf({ range: "today", dimensions: "hour", metrics: m.name })}`}
					>
						<span class="small mute">{nameOf(m.name)}</span>
						<span
							class="value num"
							style={{ fontSize: "1.375rem", fontWeight: 640 }}
							title={write(m, now, d.currency)}
						>
							{write(m, now, d.currency, true)}
						</span>
						<span class="before">
							<Beside
								measure={m}
								now={now}
								before={num(yesterday.metrics, m.name)}
								day="yesterday"
								currency={d.currency}
							/>
							<Beside
								measure={m}
								now={now}
								before={num(last_week.metrics, m.name)}
								day="week"
								currency={d.currency}
							/>
						</span>
						<Spark values={hours.map((h) => shapeOf(h, m.name))} />
					</Link>
				);
			})}
		</div>
	);
}

// The hours of today on those of yesterday: the same hour stands above the same.
function Day({ of: d, at, onAt }: { of: Overview; at: string; onAt: (name: string) => void }) {
	const all = (measures[side.value] ?? []).filter((m) =>
		["clicks", "conversions", "revenue", "payout"].includes(m.name),
	);
	const m = all.find((one) => one.name === at) ?? all[0];
	if (!m) return null;
	const since = Date.parse(d.periods.today.from);
	const hours = (d.hours as Figures[]).map((h) => ({
		at: Date.parse(String(h.hour)),
		value: num(h, m.name),
	}));
	const now = hours.filter((h) => h.at >= since);
	const before = hours.filter((h) => h.at < since);
	const length = Math.max(24, before.length);
	const x = Array.from({ length }, (_, i) => since / 1000 + i * 3600);
	const written = (v: number | null) => write(m, v, d.currency, true);
	return (
		<Card
			class="day"
			title={t.day}
			actions={
				<div class="group">
					{all.map((one) => (
						<button
							key={one.name}
							type="button"
							class="btn small"
							aria-pressed={one.name === m.name}
							onClick={() => onAt(one.name)}
						>
							{nameOf(one.name)}
						</button>
					))}
				</div>
			}
		>
			<Chart
				caption={t.dayCaption(nameOf(m.name))}
				x={x}
				by="hour"
				series={[
					{ name: t.today, values: x.map((_, i) => now[i]?.value ?? null), write: written },
					{
						name: t.yesterday,
						values: x.map((_, i) => before[i]?.value ?? null),
						write: written,
						dashed: true,
						colour: "c6",
					},
				]}
			/>
		</Card>
	);
}

function Top(props: { title: string; by: "offer" | "affiliate"; rows: Figures[]; currency?: string }) {
	const { title, by, rows, currency } = props;
	const shown = (measures[side.value] ?? []).filter((m) =>
		["clicks", "conversions", "revenue", "payout"].includes(m.name),
	);
	return (
		<Card
			title={title}
			flush
			class="name-first"
			actions={
				<Go small quiet to={`/reports${queryOf({ range: "today", dimensions: by })}`}>
					{t.all}
				</Go>
			}
		>
			<Table
				stack
				caption={title}
				rows={rows}
				rowKey={(r) => String(r.id)}
				empty={<Empty title={t.noTraffic}>{t.noTrafficHint}</Empty>}
				columns={[
					{
						key: "name",
						phone: "title",
						head: by === "offer" ? text.pick.offer : text.pick.affiliate,
						cell: (r) => (
							<Link href={side.value === "network" || by === "offer" ? `/${by}s/${r.id}` : "/reports"}>
								<Said of={String(r.name ?? `#${r.id}`)} />
							</Link>
						),
					},
					...shown.map((m) => ({
						key: m.name,
						head: nameOf(m.name),
						end: true,
						cell: (r: Figures) => write(m, num(r, m.name), currency, true),
					})),
				]}
			/>
		</Card>
	);
}
