import { Banknote, Download as DownloadIcon } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { api, type Schema, useRead } from "../../api/client.ts";
import { count, dateTime, sum, today } from "../../lib/format.ts";
import { plainly } from "../../lib/hidden.ts";
import { may, zone } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Badge } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { save } from "../../ui/download.tsx";
import { SelectField, TextField } from "../../ui/form.tsx";
import { PickCell } from "../../ui/list.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty, Failed } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { Pick } from "../../ui/picker.tsx";
import { type Column, Table, TableFoot } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";
import { namesOf } from "./names.ts";
import { csvOf, endOf, lastMonthEnd, moved, payable, sumsOf } from "./pay.ts";
import { PayDialog } from "./paydialog.tsx";

const t = text.payouts.due;

type Row = Schema["Due"];
const keyOf = (r: Row) => `${r.affiliate_id} ${r.currency}`;

/** What each affiliate would be paid, and the way to pay it. */
export function Due() {
	const [f, set] = useUrlState({ to: "", affiliate: "" });
	const until = useUntil(f.to);
	const asked = { until, affiliate_id: f.affiliate ? Number(f.affiliate) : undefined };
	const got = useRead(["payouts", "due", asked], (signal) =>
		api.GET("/api/v1/payouts/due", { params: { query: asked }, signal }),
	);
	const rows = got.data?.data ?? [];
	const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
	const [paying, setPaying] = useState<Row[]>();
	useEffect(() => setChosen(new Set()), [until, f.affiliate]);
	const able = rows.filter((r) => payable(r.amount));
	const meant = able.filter((r) => chosen.has(keyOf(r)));
	const choose = (some: Row[], on: boolean) => {
		const next = new Set(chosen);
		for (const r of some)
			if (on) next.add(keyOf(r));
			else next.delete(keyOf(r));
		setChosen(next);
	};
	const columns = columnsOf();
	if (may("write")) columns.unshift(chooser(able, chosen, choose));
	return (
		<>
			<Controls f={f} set={set} until={until} rows={rows} />
			<Card flush>
				{got.problem && !got.data ? (
					<Failed problem={got.problem} again={got.again} />
				) : (
					<>
						<Table
							stack
							caption={t.caption}
							columns={columns}
							rows={rows}
							rowKey={keyOf}
							loading={got.loading}
							selected={(r) => chosen.has(keyOf(r))}
							height="70dvh"
							empty={
								<Empty
									icon={Banknote}
									title={t.none}
									action={f.to !== "now" && <Button onClick={() => set({ to: "now" })}>{t.upToNow}</Button>}
								>
									{t.noneHint}
								</Empty>
							}
						/>
						{rows.length > 0 && (
							<TableFoot shown={rows.length}>{t.total(written(sumsOf(rows.map((r) => r.amount))))}</TableFoot>
						)}
					</>
				)}
			</Card>
			{may("write") && able.length > 0 && (
				<section class="chosen-bar" aria-label={t.chosenLabel}>
					<span role="status">
						{meant.length > 0
							? t.chosen(count(meant.length), written(sumsOf(meant.map((r) => r.amount))))
							: t.chooseHint}
					</span>
					<span class="row">
						{meant.length < able.length && (
							<Button quiet onClick={() => choose(able, true)}>
								{t.chooseAll}
							</Button>
						)}
						<Button primary disabled={meant.length === 0} onClick={() => setPaying(meant)}>
							{t.pay}
						</Button>
					</span>
				</section>
			)}
			{paying && (
				<PayDialog
					due={paying}
					until={until}
					onClose={() => {
						setPaying(undefined);
						setChosen(new Set());
						got.again();
					}}
				/>
			)}
		</>
	);
}

// Of two days, the one that comes first.
const earlier = (a: string, b: string) => [a, b].sort()[0] ?? a;

const written = (sums: Schema["Money"][]) => sums.map(sum).join(" + ");

// The instant up to which is paid: the end of a day, or now. It stays as it was when it
// was chosen, so that all that is shown and paid is up to the same.
function useUntil(to: string): string {
	const [now] = useState(() => new Map<string, string>());
	if (to === "now") {
		const kept = now.get(to) ?? new Date().toISOString();
		now.set(to, kept);
		return kept;
	}
	now.clear();
	const day = /^\d{4}-\d\d-\d\d$/.test(to) ? to : to === "yesterday" ? today(-1) : lastMonthEnd(today());
	return endOf(day, zone.value);
}

type Filters = { to: string; affiliate: string };

function Controls(props: {
	f: Filters;
	set: (change: Partial<Filters>) => void;
	until: string;
	rows: Row[];
}) {
	const { f, set, until, rows } = props;
	const day = /^\d{4}-\d\d-\d\d$/.test(f.to);
	return (
		<div class="stack tight">
			<div class="filters ends due-filters">
				<SelectField
					label={t.upTo}
					value={day ? "day" : f.to}
					onValue={(v) => set({ to: v === "day" ? moved(today(), -2) : v })}
					choices={[
						{ value: "", label: t.lastMonth },
						{ value: "yesterday", label: t.yesterday },
						{ value: "now", label: t.now },
						{ value: "day", label: t.day },
					]}
				/>
				{day && (
					<TextField
						type="date"
						label={t.lastDay}
						value={f.to}
						max={today(-1)}
						onValue={(to) => to && set({ to: earlier(to, today(-1)) })}
					/>
				)}
				<div class="field">
					<Pick
						kind="affiliate"
						label={text.pick.affiliate}
						placeholder={t.anyAffiliate}
						value={f.affiliate}
						onValue={(affiliate) => set({ affiliate })}
					/>
				</div>
				<Csv rows={rows} until={until} />
			</div>
			<p class="mute small">{t.before(dateTime(until), zone.value)}</p>
		</div>
	);
}

// The list as a file, for the bank or for whoever keeps the books.
function Csv({ rows, until }: { rows: Row[]; until: string }) {
	const [busy, setBusy] = useState(false);
	const run = async () => {
		setBusy(true);
		const names = await namesOf(rows.map((r) => r.affiliate_id));
		const lines = rows.map((r) => [
			r.affiliate_id,
			plainly(names.get(r.affiliate_id) ?? ""),
			r.currency,
			r.amount.amount,
			r.conversions,
			r.adjustments,
			until,
		]);
		const head = ["affiliate_id", "affiliate", "currency", "amount", "conversions", "adjustments", "until"];
		save(new Blob([csvOf(head, lines)], { type: "text/csv" }), "payouts-due.csv");
		setBusy(false);
		toast(text.common.downloaded("payouts-due.csv"));
	};
	return (
		<Button onClick={() => void run()} busy={busy} disabled={rows.length === 0}>
			{!busy && <DownloadIcon aria-hidden />}
			{t.csv}
		</Button>
	);
}

function columnsOf(): Column<Row>[] {
	return [
		{
			key: "affiliate",
			phone: "title",
			head: text.pick.affiliate,
			cell: (r) => <Named kind="affiliate" id={r.affiliate_id} />,
		},
		{ key: "conversions", head: t.conversions, end: true, cell: (r) => count(r.conversions) },
		{ key: "adjustments", head: t.adjustments, end: true, cell: (r) => count(r.adjustments) },
		{ key: "currency", head: t.currency, cell: (r) => r.currency },
		{
			key: "amount",
			phone: "aside",
			head: t.amount,
			end: true,
			cell: (r) => (
				<span class="row tight amount-cell">
					{!payable(r.amount) && <Badge title={t.owesHint}>{t.owes}</Badge>}
					<span class="num strong">{sum(r.amount)}</span>
				</span>
			),
		},
	];
}

// The column by which rows are chosen. What comes to nothing cannot be paid.
function chooser(
	able: Row[],
	chosen: ReadonlySet<string>,
	choose: (rows: Row[], on: boolean) => void,
): Column<Row> {
	const all = able.length > 0 && able.every((r) => chosen.has(keyOf(r)));
	return {
		key: "chosen",
		width: 48,
		phone: "pick",
		label: t.chooseAll,
		head: (
			<PickCell
				label={t.chooseAll}
				checked={all}
				some={able.some((r) => chosen.has(keyOf(r)))}
				disabled={able.length === 0}
				onChange={(on) => choose(able, on)}
			/>
		),
		cell: (r) => (
			<PickCell
				label={t.choose(r.affiliate_id, r.currency)}
				checked={chosen.has(keyOf(r))}
				disabled={!payable(r.amount)}
				onChange={(on) => choose([r], on)}
			/>
		),
	};
}
