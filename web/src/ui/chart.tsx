import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { dateTime, day } from "../lib/format.ts";
import { locale, zone } from "../lib/session.ts";
import { text } from "../text/en.ts";
import { Button } from "./button.tsx";
import { Table } from "./table.tsx";

/** One line of a chart. */
export type Series = {
	name: string;
	values: (number | null)[];
	/** c1 to c6; in order when left out. */
	colour?: string;
	dashed?: boolean;
	/** How a value is written. */
	write: (v: number | null) => string;
	/** How it is written where there is little room, beside an axis. */
	short?: (v: number | null) => string;
	/** Lines with another scale have an axis of their own, at the right. */
	scale?: "left" | "right";
};

type ChartProps = {
	caption: string;
	/** Seconds since 1970. */
	x: number[];
	series: Series[];
	height?: number;
	/** What one point stands for. */
	by: "hour" | "day";
	/** The zone that hours are shown in; the reader's when left out. */
	tz?: string;
};

/**
 * A chart of numbers over time. The same numbers stand in a table beside it, for
 * those who do not see it or want them exactly.
 */
export function Chart({ caption, x, series, height = 240, by, tz }: ChartProps) {
	const [asTable, setAsTable] = useState(false);
	const [at, setAt] = useState<number | null>(null);
	const place = useRef<HTMLDivElement>(null);
	const key = useMemo(
		() => JSON.stringify([x, series.map((s) => [s.name, s.values, s.dashed, s.scale])]),
		[x, series],
	);
	useEffect(() => {
		const el = place.current;
		if (!el || asTable) return;
		let plot: uPlot | undefined;
		let gone = false;
		const draw = async () => {
			const { default: Plot } = await import("./uplot.ts");
			if (gone) return;
			plot?.destroy();
			plot = new Plot(
				optionsOf(el, series, height, by, tz ?? zone.value, setAt),
				[x, ...series.map((s) => s.values)],
				el,
			);
		};
		void draw();
		const size = new ResizeObserver(() => plot?.setSize({ width: el.clientWidth, height }));
		size.observe(el);
		const dark = matchMedia("(prefers-color-scheme: dark)");
		const themed = new MutationObserver(() => void draw());
		themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
		const redraw = () => void draw();
		dark.addEventListener("change", redraw);
		return () => {
			gone = true;
			size.disconnect();
			themed.disconnect();
			dark.removeEventListener("change", redraw);
			plot?.destroy();
		};
	}, [key, asTable, height, by, tz, locale.value, zone.value]);
	const label = (i: number) => {
		const t = new Date((x[i] ?? 0) * 1000);
		return by === "day" ? day(t.toISOString().slice(0, 10)) : dateTime(t, tz);
	};
	return (
		<figure>
			<div class="row between">
				<div class="legend">
					{at !== null && <span class="num">{label(at)}</span>}
					{series.map((s, i) => (
						<span key={s.name}>
							<i style={{ color: `var(--${s.colour ?? `c${i + 1}`})`, opacity: s.dashed ? 0.6 : 1 }} />
							{s.name}
							{at !== null && <b>{s.write(s.values[at] ?? null)}</b>}
						</span>
					))}
				</div>
				<Button quiet small aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
					{asTable ? text.common.asChart : text.common.asTable}
				</Button>
			</div>
			{asTable ? (
				<Table
					caption={caption}
					height={`${height}px`}
					rows={x}
					rowKey={(v) => v}
					columns={[
						{ key: "t", head: text.common.time, cell: (_, i) => label(i) },
						...series.map((s) => ({
							key: s.name,
							head: s.name,
							end: true,
							cell: (_: number, i: number) => s.write(s.values[i] ?? null),
						})),
					]}
				/>
			) : (
				<div
					class="chart"
					ref={place}
					role="img"
					aria-label={`${caption}. ${text.common.chartHint}`}
					style={{ minHeight: `${height}px` }}
				/>
			)}
		</figure>
	);
}

function optionsOf(
	el: HTMLElement,
	series: Series[],
	height: number,
	by: "hour" | "day",
	tz: string,
	setAt: (i: number | null) => void,
): uPlot.Options {
	const css = getComputedStyle(el);
	const colour = (name: string) => {
		// Canvas does not know light-dark(): the browser works it out.
		const probe = document.createElement("i");
		probe.style.color = `var(--${name})`;
		el.append(probe);
		const c = getComputedStyle(probe).color;
		probe.remove();
		return c;
	};
	const ink = colour("ink-3");
	const grid = { stroke: colour("line"), width: 1 };
	const right = series.some((s) => s.scale === "right");
	const axis = (scale: "left" | "right") => {
		const s = series.find((one) => (one.scale ?? "left") === scale);
		const whole = series.every(
			(one) => (one.scale ?? "left") !== scale || one.values.every((v) => v === null || Number.isInteger(v)),
		);
		return {
			scale,
			// Of whole numbers there are no marks between two.
			...(whole ? { incrs: wholeBy } : {}),
			side: scale === "left" ? 3 : 1,
			stroke: ink,
			grid: scale === "left" ? grid : { show: false },
			ticks: { show: false },
			size: 64,
			font: `12px ${css.fontFamily}`,
			values: (_: uPlot, all: number[]) => all.map((v) => (s?.short ?? s?.write)?.(v) ?? String(v)),
		} satisfies uPlot.Axis;
	};
	return {
		width: el.clientWidth,
		height,
		tzDate: (ts) => zoned(ts, by === "day" ? "UTC" : tz),
		cursor: { y: false, points: { size: 7 } },
		legend: { show: false },
		scales: {
			left: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
			right: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
		},
		axes: [
			{
				stroke: ink,
				grid: { show: false },
				ticks: { show: false },
				font: `12px ${css.fontFamily}`,
				size: 28,
				space: 64,
				incrs: (by === "day" ? dayBy : hourBy).map((n) => n * 3600),
				values: (_: uPlot, all: number[]) => all.map((v) => tick(v, by, tz)),
			},
			axis("left"),
			...(right ? [axis("right")] : []),
		],
		series: [
			{},
			...series.map((s, i) => {
				const c = colour(s.colour ?? `c${i + 1}`);
				return {
					label: s.name,
					scale: s.scale ?? "left",
					stroke: c,
					width: s.dashed ? 1.5 : 2,
					dash: s.dashed ? [5, 4] : undefined,
					// What stands alone has no line to be seen by.
					points: { show: s.values.filter((v) => v !== null).length < 2, size: 6 },
				} satisfies uPlot.Series;
			}),
		],
		hooks: { setCursor: [(u) => setAt(u.cursor.idx ?? null)] },
	};
}

// So much may lie between two marks of an axis of whole numbers.
const wholeBy = Array.from({ length: 13 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** i)).flat();

// So many hours may lie between two marks of the axis of times.
const hourBy = [1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 168];
const dayBy = [1, 2, 3, 4, 7, 14, 28, 56, 91, 182, 364].map((n) => n * 24);

// A mark of the axis of times: a day, or a time of day but at midnight.
function tick(ts: number, by: "hour" | "day", tz: string): string {
	const timeZone = by === "day" ? "UTC" : tz;
	const d = new Date(ts * 1000);
	const time = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "short" }).format(d);
	const look: Intl.DateTimeFormatOptions =
		by === "day" || time === "00:00" ? { day: "numeric", month: "short" } : { timeStyle: "short" };
	return new Intl.DateTimeFormat(locale.value, { timeZone, ...look }).format(d);
}

// Days are given at their midnight in UTC, hours as instants to be shown in a zone.
function zoned(ts: number, timeZone: string): Date {
	return new Date(new Date(ts * 1000).toLocaleString("en-US", { timeZone }));
}

/** A line without axes, for a tile: the shape of a day. */
export function Spark({ values, colour = "c1" }: { values: number[]; colour?: string }) {
	if (values.length < 2) return <svg class="spark" aria-hidden="true" />;
	const max = Math.max(...values, 1e-9);
	const step = 100 / (values.length - 1);
	const line = values.map((v, i) => `${(i * step).toFixed(2)},${(34 - (v / max) * 31).toFixed(2)}`).join(" ");
	return (
		<svg class="spark" viewBox="0 0 100 36" preserveAspectRatio="none" aria-hidden="true">
			<polygon points={`0,36 ${line} 100,36`} fill={`var(--${colour})`} opacity="0.1" />
			<polyline
				points={line}
				fill="none"
				stroke={`var(--${colour})`}
				stroke-width="1.6"
				vector-effect="non-scaling-stroke"
			/>
		</svg>
	);
}
