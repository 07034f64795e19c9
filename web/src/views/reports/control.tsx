import { CalendarClock, Columns3, GitCompareArrows, Plus, Settings2, X } from "lucide-preact";
import { count, dateTime, plural } from "../../lib/format.ts";
import { side, zone } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField } from "../../ui/form.tsx";
import { Combo } from "../../ui/picker.tsx";
import { Popover } from "../../ui/popover.tsx";
import { RangePicker, rangeOf } from "../../ui/range.tsx";
import { Choose, useDrag } from "./choose.tsx";
import { Filters } from "./filters.tsx";
import { mostRows, type Report, usualLimit } from "./query.ts";
import { dimensions, metrics, word } from "./words.ts";

const t = text.reports;

/** What may be changed of a report. */
export type Put = (change: Partial<Report>) => void;

type ControlProps = { report: Report; put: Put; currencies: string[] | undefined; currency: string };

/** The period, and what goes with it. */
export function PeriodControl({ report: r, put }: { report: Report; put: Put }) {
	const { from, to } = rangeOf(r.range);
	if (!from.includes("T")) return <RangePicker value={r.range} onValue={(range) => put({ range })} />;
	const tz = r.tz || zone.value;
	const dayOf = new Intl.DateTimeFormat("en-CA", { timeZone: tz, dateStyle: "short" }).format(new Date(from));
	return (
		<span class="chip">
			<CalendarClock aria-hidden />
			{t.hour(`${dateTime(from, tz)} – ${dateTime(to, tz)}`)}
			<button type="button" aria-label={t.hourRemove} onClick={() => put({ range: `${dayOf}..${dayOf}` })}>
				<X aria-hidden />
			</button>
		</span>
	);
}

/** Everything that a report is made of. */
export function Control({ report: r, put, currencies, currency }: ControlProps) {
	const drag = useDrag(r.dimensions, (names) => put({ dimensions: names }));
	return (
		<div class="report-control">
			<div class="row">
				<PeriodControl report={r} put={put} />
				<Button aria-pressed={r.compare} title={t.compare} onClick={() => put({ compare: !r.compare })}>
					<GitCompareArrows aria-hidden />
					{t.compareShort}
				</Button>
				{currencies && currencies.length > 1 && !r.dimensions.includes("currency") && (
					<select
						class="select fit"
						aria-label={t.currency}
						value={currency}
						onChange={(e) => put({ currency: e.currentTarget.value })}
					>
						{[...new Set([...currencies, ...(currency ? [currency] : [])])].map((c) => (
							<option key={c} value={c} selected={c === currency}>
								{c}
							</option>
						))}
					</select>
				)}
				<Popover class="btn" label={t.options} panel={() => <Options report={r} put={put} />}>
					<Settings2 aria-hidden />
					{t.options}
				</Popover>
			</div>
			<div class="row">
				<span class="mute small lead-in">{t.rowsBy}</span>
				{r.dimensions.map((d, i) => {
					const { class: over, ...moves } = drag(i);
					return (
						<span key={d} {...moves} class={`chip ${over ?? ""}`}>
							{word(d).label}
							<button
								type="button"
								aria-label={t.removeFrom(word(d).label)}
								onClick={() => put({ dimensions: r.dimensions.filter((x) => x !== d) })}
							>
								<X aria-hidden />
							</button>
						</span>
					);
				})}
				{r.dimensions.length === 0 && <span class="small">{t.rowsOne}</span>}
				<Popover
					class="btn small"
					label={t.chooseDimensions}
					panel={() => (
						<Choose
							label={t.chooseDimensions}
							words={dimensions(side.value)}
							chosen={r.dimensions}
							onChosen={(names) => put({ dimensions: names })}
							most={10}
							full={t.mostDimensions}
							none
						/>
					)}
				>
					<Plus aria-hidden />
					{t.addDimension}
				</Popover>
				<span class="split" />
				<Popover
					class="btn small"
					label={t.chooseMetrics}
					panel={() => (
						<Choose
							label={t.chooseMetrics}
							words={metrics(side.value)}
							chosen={r.metrics}
							onChosen={(names) => put({ metrics: names })}
							most={40}
							full={t.mostMetrics}
						/>
					)}
				>
					<Columns3 aria-hidden />
					{plural(r.metrics.length, t.columnCount)}
				</Popover>
			</div>
			<div class="row">
				<span class="mute small lead-in">{t.filters}</span>
				<Filters report={r} zone={r.tz || zone.value} onFilters={(filters) => put({ filters })} />
			</div>
		</div>
	);
}

const limits = [100, usualLimit, 1000, mostRows];

function Options({ report: r, put }: { report: Report; put: Put }) {
	const choices = limits.includes(r.limit) ? limits : [...limits, r.limit].sort((a, b) => a - b);
	return (
		<div class="stack options">
			<div class="field">
				<span class="label">{t.zone}</span>
				<Combo
					label={t.zone}
					value={r.tz || zone.value}
					onValue={(tz) => put({ tz: tz === zone.value ? "" : tz })}
					options={Intl.supportedValuesOf("timeZone").map((z) => ({
						value: z,
						label: z.replaceAll("_", " "),
					}))}
					shown={r.tz || zone.value}
				/>
				<span class="hint">{t.zoneHint}</span>
			</div>
			<SelectField
				label={t.time}
				value={r.byClick ? "click" : "event"}
				onValue={(v) => put({ byClick: v === "click" })}
				choices={[
					{ value: "event", label: t.timeEvent },
					{ value: "click", label: t.timeClick },
				]}
			/>
			<SelectField
				label={t.limit}
				value={String(r.limit)}
				onValue={(v) => put({ limit: Number(v) })}
				choices={choices.map((n) => ({
					value: String(n),
					label: n === mostRows ? t.limitAll(count(n)) : t.limitTop(count(n)),
				}))}
			/>
			<CheckField label={t.test} value={r.test} onValue={(test) => put({ test })} />
		</div>
	);
}
