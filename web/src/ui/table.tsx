import { ArrowDown, ArrowUp } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { count } from "../lib/format.ts";
import { text } from "../text/en.ts";
import { Button } from "./button.tsx";
import { Heights } from "./heights.ts";
import { said } from "./said.tsx";

/** Column is one column of a table of T. */
export type Column<T> = {
	key: string;
	head: ComponentChildren;
	cell: (row: T, index: number) => ComponentChildren;
	/** Numbers stand at the end of their column. */
	end?: boolean;
	sortable?: boolean;
	/** The sum below the column. */
	foot?: ComponentChildren;
	/** Text that may take several lines. */
	wrap?: boolean;
	/** In pixels; for tables of many rows, whose columns are fixed. */
	width?: number;
	/** What the column is called where its head is no text. */
	label?: string;
	/**
	 * Where it stands on a phone, in a stacked table: what the row is called, beside
	 * that, over the whole width, as the box or the menu of the row, or not at all.
	 * The rest stands in two columns, each under its name.
	 */
	phone?: "title" | "aside" | "wide" | "pick" | "menu" | "hide";
};

type TableProps<T> = {
	/** What the table shows, for those who do not see it. */
	caption: string;
	columns: Column<T>[];
	rows: T[];
	rowKey: (row: T, index: number) => string | number;
	/** `-clicks` is by falling clicks. */
	sort?: string;
	onSort?: (sort: string) => void;
	onRow?: (row: T, e: MouseEvent) => void;
	selected?: (row: T) => boolean;
	/** The height beyond which the table scrolls by itself. */
	height?: string;
	empty?: ComponentChildren;
	loading?: boolean;
	/** On a phone each row is a block that is read from top to bottom. */
	stack?: boolean;
};

// Beyond so many rows only those in sight are in the page.
const many = 150;
const beyond = 12;
const rowHeight = 40;

// What a column takes that names no width: its head is read whole.
function usualWidth<T>(c: Column<T>, i: number): number {
	const head = typeof c.head === "string" ? c.head.length * 8 + 28 : 0;
	return Math.max(i === 0 ? 240 : c.end ? 120 : 160, head);
}

// What does not fit into its cell is told when one points at it.
function tell(e: PointerEvent) {
	const cell = (e.target as Element).closest("td");
	if (!cell || cell.title || cell.scrollWidth <= cell.clientWidth) return;
	cell.title = cell.textContent ?? "";
}

/**
 * A table. It stays a real table however long it is: of many rows those in sight
 * are in the page, and the rest is room above and below.
 */
export function Table<T>(props: TableProps<T>) {
	const { caption, columns, rows, rowKey, sort, onSort, onRow, selected, height, empty, loading, stack } =
		props;
	const box = useRef<HTMLDivElement>(null);
	const virtual = rows.length > many;
	const { from, to, above, below } = useWindow(box, rows, virtual);
	usePlace(box, caption, rows.length);
	const footed = columns.some((c) => c.foot !== undefined);
	if (rows.length === 0 && !loading && empty) return <>{empty}</>;
	return (
		<div
			class="table-box"
			ref={box}
			tabIndex={0}
			role="region"
			aria-label={caption}
			style={{ maxHeight: virtual ? (height ?? "70dvh") : height }}
		>
			<table
				class={["table", virtual && "fixed", stack && "stacked"].filter(Boolean).join(" ")}
				role={roleOf(stack, "table")}
				aria-rowcount={virtual ? rows.length + 1 : undefined}
				aria-busy={loading}
			>
				<caption>{caption}</caption>
				{virtual && (
					<colgroup>
						{columns.map((c, i) => (
							<col key={c.key} style={{ width: `${c.width ?? usualWidth(c, i)}px` }} />
						))}
					</colgroup>
				)}
				<thead role={roleOf(stack, "rowgroup")}>
					<tr role={roleOf(stack, "row")}>
						{columns.map((c, i) => (
							<Head key={c.key} column={c} first={i === 0} sort={sort} onSort={onSort} stack={stack} />
						))}
					</tr>
				</thead>
				<tbody onPointerOver={tell} role={roleOf(stack, "rowgroup")}>
					{loading && rows.length === 0 && <Waiting columns={columns.length} stack={stack} />}
					{above > 0 && <Room height={above} columns={columns.length} />}
					{rows.slice(from, to).map((row, i) => (
						<tr
							key={rowKey(row, from + i)}
							role={roleOf(stack, "row")}
							aria-rowindex={virtual ? from + i + 2 : undefined}
							class={[onRow && "link", selected?.(row) && "selected"].filter(Boolean).join(" ") || undefined}
							onClick={
								onRow &&
								((e) => !(e.target as HTMLElement).closest("a,button,input,label,select") && onRow(row, e))
							}
						>
							{columns.map((c, k) => (
								<td
									key={c.key}
									role={roleOf(stack, "cell")}
									data-name={stack ? nameOf(c) : undefined}
									class={
										[c.end && "end", k === 0 && "first", c.wrap && "wrap", placeOf(c, stack)]
											.filter(Boolean)
											.join(" ") || undefined
									}
								>
									{said(c.cell(row, from + i))}
								</td>
							))}
						</tr>
					))}
					{below > 0 && <Room height={below} columns={columns.length} />}
				</tbody>
				{footed && (
					<tfoot role={roleOf(stack, "rowgroup")}>
						<tr role={roleOf(stack, "row")}>
							{columns.map((c, i) => (
								<td
									key={c.key}
									role={roleOf(stack, "cell")}
									data-name={stack ? nameOf(c) : undefined}
									class={
										[c.end && "end", i === 0 && "first", placeOf(c, stack)].filter(Boolean).join(" ") ||
										undefined
									}
								>
									{c.foot}
								</td>
							))}
						</tr>
					</tfoot>
				)}
			</table>
		</div>
	);
}

function Head<T>(props: {
	column: Column<T>;
	first: boolean;
	sort?: string;
	onSort?: (sort: string) => void;
	stack?: boolean;
}) {
	const { column: c, first, sort, onSort, stack } = props;
	const falling = sort === `-${c.key}`;
	const rising = sort === c.key;
	const classes =
		[c.end && "end", first && "first", placeOf(c, stack)].filter(Boolean).join(" ") || undefined;
	const role = roleOf(stack, "columnheader");
	if (!c.sortable || !onSort)
		return (
			<th scope="col" class={classes} role={role} data-name={stack ? nameOf(c) : undefined}>
				{c.head}
			</th>
		);
	return (
		<th
			scope="col"
			class={classes}
			role={role}
			aria-sort={falling ? "descending" : rising ? "ascending" : undefined}
		>
			<button
				type="button"
				onClick={() => onSort(falling ? c.key : rising ? `-${c.key}` : c.end ? `-${c.key}` : c.key)}
			>
				{c.head}
				{falling && <ArrowDown aria-hidden />}
				{rising && <ArrowUp aria-hidden />}
			</button>
		</th>
	);
}

// Blocks are no rows and cells for a browser any more, so it is told that they are.
const roleOf = <R extends "table" | "rowgroup" | "row" | "cell" | "columnheader">(
	stack: boolean | undefined,
	role: R,
) => (stack ? role : undefined);

const nameOf = <T,>(c: Column<T>) => c.label ?? (typeof c.head === "string" ? c.head : undefined);

const placeOf = <T,>(c: Column<T>, stack: boolean | undefined) => stack && c.phone && `on-${c.phone}`;

function Waiting({ columns, stack }: { columns: number; stack: boolean | undefined }) {
	return (
		<>
			{Array.from({ length: 6 }, (_, r) => (
				<tr key={r} role={roleOf(stack, "row")}>
					{Array.from({ length: columns }, (_, c) => (
						<td key={c} role={roleOf(stack, "cell")}>
							<span class="skeleton" style={{ width: `${70 - ((r * 13 + c * 29) % 35)}%` }} />
						</td>
					))}
				</tr>
			))}
		</>
	);
}

function Room({ height, columns }: { height: number; columns: number }) {
	return (
		<tr class="pad" aria-hidden="true">
			<td colSpan={columns} style={{ height: `${height}px` }} />
		</tr>
	);
}

type Window = { from: number; to: number; above: number; below: number };

// The rows in sight, and the room that the others take. Rows are as high as what is in
// them: they are measured when they are in the page.
function useWindow(box: { current: HTMLDivElement | null }, rows: unknown[], virtual: boolean): Window {
	const [range, setRange] = useState<[number, number]>([0, many]);
	const [, setKnown] = useState(0);
	const heights = useRef(new Heights(rowHeight)).current;
	const count = rows.length;
	heights.resize(count);
	useLayoutEffect(() => {
		const el = box.current;
		if (!el || !virtual) return;
		let frame = 0;
		let width = el.clientWidth;
		const look = () => {
			frame = 0;
			if (el.clientWidth !== width) {
				width = el.clientWidth;
				heights.forget();
				setKnown((n) => n + 1);
			}
			const from = Math.max(0, heights.at(el.scrollTop) - beyond);
			const to = Math.min(count, heights.at(el.scrollTop + el.clientHeight) + 1 + beyond);
			setRange((now) => (now[0] === from && now[1] === to ? now : [from, to]));
		};
		const soon = () => {
			if (!frame) frame = requestAnimationFrame(look);
		};
		look();
		el.addEventListener("scroll", soon, { passive: true });
		const size = new ResizeObserver(soon);
		size.observe(el);
		return () => {
			cancelAnimationFrame(frame);
			el.removeEventListener("scroll", soon);
			size.disconnect();
		};
	}, [count, virtual]);
	const from = virtual ? Math.min(range[0], count) : 0;
	const to = virtual ? Math.min(range[1], count) : count;
	useLayoutEffect(() => {
		if (!virtual || !box.current) return;
		const shown = [...box.current.querySelectorAll<HTMLElement>("tbody > tr:not(.pad)")];
		if (
			heights.measured(
				from,
				shown.map((r) => r.getBoundingClientRect().height),
			)
		)
			setKnown((n) => n + 1);
	}, [from, to, rows, virtual]);
	if (!virtual) return { from, to, above: 0, below: 0 };
	const above = heights.before(from);
	return { from, to, above, below: heights.before(count) - heights.before(to) };
}

// Where lists were scrolled to, by what they show and where, for whoever comes back.
const places = new Map<string, [table: number, page: number]>();
let back = 0;
addEventListener("popstate", () => {
	back = Date.now();
});

// Keeps one's place in a table: when more rows make it one that scrolls by itself,
// and when one comes back to it.
function usePlace(box: { current: HTMLDivElement | null }, caption: string, count: number) {
	const virtual = count > many;
	const before = useRef(count);
	const filled = count > 0;
	const key = `${location.pathname}${location.search} ${caption}`;
	const at = useRef<[number, number]>([0, 0]);
	useLayoutEffect(() => {
		const el = box.current;
		const was = before.current;
		if (!el || !virtual || was === 0 || was > many) return;
		el.scrollTop = (el.scrollHeight * was) / count - el.clientHeight / 2;
		el.scrollIntoView({ block: "nearest" });
	}, [virtual]);
	useLayoutEffect(() => {
		before.current = count;
	});
	useLayoutEffect(() => {
		const el = box.current;
		if (!el || !filled) return;
		const place = places.get(key);
		const note = () => {
			at.current = [el.scrollTop, scrollY];
		};
		// After the shell has shown the page from its beginning.
		const timer = setTimeout(() => {
			if (!place || Date.now() - back > 2000) return;
			el.scrollTop = place[0];
			scrollTo(0, place[1]);
		}, 60);
		el.addEventListener("scroll", note, { passive: true });
		addEventListener("scroll", note, { passive: true });
		return () => {
			clearTimeout(timer);
			el.removeEventListener("scroll", note);
			removeEventListener("scroll", note);
			places.set(key, at.current);
		};
	}, [key, filled]);
}

type FootProps = {
	shown: number;
	next?: string;
	onMore?: () => void;
	busy?: boolean;
	children?: ComponentChildren;
};

/** What stands below a list: how much is shown, and the way to more. */
export function TableFoot({ shown, next, onMore, busy, children }: FootProps) {
	return (
		<div class="table-foot">
			<span>{next ? text.common.shownMore(count(shown)) : text.common.shownAll(count(shown))}</span>
			<span class="row">
				{children}
				{next && onMore && (
					<Button small onClick={onMore} busy={busy}>
						{text.common.more}
					</Button>
				)}
			</span>
		</div>
	);
}
