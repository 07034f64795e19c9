import { CircleMinus, Crosshair, ListTree } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { useRead } from "../../api/client.ts";
import { side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Delta } from "../../ui/bits.tsx";
import { Panel } from "../../ui/popover.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { type Answer, askPage } from "./answer.ts";
import { fits } from "./choose.tsx";
import { drill, orderOf, pageOf, type Report, type Row, within } from "./query.ts";
import { writeExactly, writeMetric, writeValue } from "./values.ts";
import { dimensions, isTime, word } from "./words.ts";

const t = text.reports;

type Place = { x: number; y: number };
type Opened = { row: Row; at: Element | Place };

type RowsProps = {
	answer: Answer;
	busy: boolean;
	onSort: (sort: string) => void;
	/** Goes to another report. */
	onReport: (r: Report) => void;
};

// The row of all that is beyond the limit.
const isOther = new WeakSet<Row>();

/** The rows of a report, each with a way to what is behind it. */
export function Rows({ answer: a, busy, onSort, onReport }: RowsProps) {
	const [opened, setOpened] = useState<Opened>();
	const r = a.report;
	if (a.other) isOther.add(a.other);
	const rows = a.other && a.truncated ? [...a.rows, a.other] : a.rows;
	const open = (row: Row, at: Element | Place) => {
		if (!isOther.has(row)) setOpened({ row, at });
	};
	return (
		<>
			<Table
				caption={t.caption}
				columns={columnsOf(a, open)}
				rows={rows}
				rowKey={(row, i) => (isOther.has(row) ? "other" : keyOf(row, r) || i)}
				sort={orderOf(r)}
				onSort={onSort}
				loading={busy && rows.length === 0}
				onRow={(row, e) => {
					if (String(getSelection() ?? "") === "") open(row, { x: e.clientX, y: e.clientY });
				}}
				selected={(row) => opened?.row === row}
				height="70dvh"
			/>
			{opened && (
				<Panel label={t.rowMenu} anchor={() => opened.at} onClose={() => setOpened(undefined)}>
					<Behind
						answer={a}
						row={opened.row}
						onReport={(next) => {
							setOpened(undefined);
							onReport(next);
						}}
					/>
				</Panel>
			)}
		</>
	);
}

const keyOf = (row: Row, r: Report) => r.dimensions.map((d) => String(row[d])).join("\u0000");

function columnsOf(a: Answer, open: (row: Row, at: Element) => void): Column<Row>[] {
	const r = a.report;
	const dims: Column<Row>[] = r.dimensions.map((d, i) => ({
		key: d,
		head: word(d).label,
		sortable: true,
		width: i === 0 ? 230 : 170,
		foot: i === 0 ? t.sumRow : undefined,
		cell: (row) => {
			if (isOther.has(row)) return i === 0 ? <span class="mute">{t.otherRow}</span> : null;
			const value = writeValue(d, row[d], row, a.tz);
			const title = word(d).kind === "id" ? `#${row[d]}` : value;
			if (i > 0) return <span title={title}>{value}</span>;
			return (
				<button
					type="button"
					class="row-link"
					title={title}
					aria-haspopup="dialog"
					onClick={(e) => open(row, e.currentTarget)}
				>
					{value}
				</button>
			);
		},
	}));
	const first: Column<Row> = {
		key: "",
		head: t.sumRow,
		cell: (row) => (
			<button
				type="button"
				class="row-link"
				aria-haspopup="dialog"
				onClick={(e) => open(row, e.currentTarget)}
			>
				{t.total}
			</button>
		),
	};
	const sums = r.metrics.map(
		(m): Column<Row> => ({
			key: m,
			head: <span title={word(m).hint}>{word(m).label}</span>,
			end: true,
			sortable: dims.length > 0,
			width: r.compare ? 178 : 124,
			cell: (row) => <Sum a={a} metric={m} row={row} before={row.previous as Row | undefined} />,
			foot: dims.length > 0 ? <Sum a={a} metric={m} row={a.total} before={a.previous} /> : undefined,
		}),
	);
	return [...(dims.length > 0 ? dims : [first]), ...sums];
}

const numberOf = (v: unknown) => (v === null || v === undefined || v === "" ? null : Number(v));

type SumProps = { a: Answer; metric: string; row: Row; before: Row | undefined };

function Sum({ a, metric, row, before }: SumProps) {
	const currency = (row.currency as string | undefined) || a.currency;
	const value = writeMetric(metric, row[metric], currency);
	if (!a.report.compare) return <span title={writeExactly(metric, row[metric], currency)}>{value}</span>;
	return (
		<span class="sum" title={before ? t.before(writeMetric(metric, before[metric], currency)) : undefined}>
			<span>{value}</span>
			<Delta now={numberOf(row[metric])} before={numberOf(before?.[metric])} down={word(metric).down} />
		</span>
	);
}

type BehindProps = { answer: Answer; row: Row; onReport: (r: Report) => void };

// Behind is where a row leads: the lists of its facts, and other reports on it.
function Behind({ answer: a, row, onReport }: BehindProps) {
	const [typed, setTyped] = useState("");
	const r = a.report;
	const fixed = new Set(r.dimensions.filter((d) => !isTime(d)));
	const words = dimensions(side.value).filter((w) => !r.dimensions.includes(w.name) || w.name === "hour");
	const found = words.filter((w) => !fixed.has(w.name) && fits(w, typed));
	const groups = [...new Set(found.map((w) => w.group))];
	const name = r.dimensions.map((d) => writeValue(d, row[d], row, a.tz)).join(" · ") || t.total;
	return (
		<div class="choose behind">
			<div class="strong break">{name}</div>
			<Lists answer={a} row={row} />
			{r.dimensions.length > 0 && (
				<div class="row tight">
					<button type="button" class="item" onClick={() => onReport(within(r, row))}>
						<Crosshair aria-hidden />
						{t.only}
					</button>
					{fixed.size === 1 && r.dimensions.length === 1 && (
						<button type="button" class="item" onClick={() => onReport(within(r, row, true))}>
							<CircleMinus aria-hidden />
							{t.except}
						</button>
					)}
				</div>
			)}
			<div class="title">{t.breakDown}</div>
			<input
				class="input"
				role="searchbox"
				aria-label={`${t.breakDown}: ${t.find}`}
				placeholder={t.find}
				value={typed}
				onInput={(e) => setTyped(e.currentTarget.value)}
				onKeyDown={(e) => {
					if (e.key !== "Enter" || !found[0]) return;
					// Else the key would also press what has the focus once the panel is gone.
					e.preventDefault();
					onReport(drill(r, row, found[0].name));
				}}
			/>
			<div class="choose-lists">
				{groups.map((g) => (
					<div key={g} role="group" aria-label={g}>
						<div class="title">{g}</div>
						{found
							.filter((w) => w.group === g)
							.map((w) => (
								<button
									type="button"
									class="item"
									key={w.name}
									onClick={() => onReport(drill(r, row, w.name))}
								>
									{w.label}
								</button>
							))}
					</div>
				))}
				{found.length === 0 && <p class="small mute pad">{t.nothingFits}</p>}
			</div>
		</div>
	);
}

type Links = { [list: string]: string };

// Lists are the pages that list the facts behind a row. Rows that came without
// their links have them asked for.
function Lists({ answer: a, row }: { answer: Answer; row: Row }) {
	const own = (a.report.dimensions.length > 0 ? row.links : (row.links ?? a.total.links)) as
		| Links
		| undefined;
	const alone: Report = { ...within(a.report, row), dimensions: [], limit: 1, compare: false, sort: "" };
	const lacking = own === undefined && a.total.links === undefined;
	const asked = useRead(["reports", "links", alone], (signal) => askPage(alone, signal), {
		enabled: lacking,
		dear: true,
		keep: false,
	});
	const links = own ?? (lacking ? (asked.data?.total.links as Links | undefined) : {});
	if (asked.problem && !links) return <p class="small mute">{asked.problem.message}</p>;
	if (!links) return <span class="skeleton" />;
	const shown = Object.keys(t.show).filter((k) => links[k]) as (keyof typeof t.show)[];
	if (shown.length === 0) return <p class="small mute">{t.noLists}</p>;
	return (
		<div role="group" aria-label={t.behind}>
			{shown.map((k) => (
				<Link key={k} href={pageOf(links[k] as string)} class="item">
					<ListTree aria-hidden />
					{t.show[k]}
				</Link>
			))}
		</div>
	);
}
