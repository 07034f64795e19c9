// Who asked to promote what, and deciding on it.
import { Check, DoorOpen, X } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type Schema, useRead } from "../../api/client.ts";
import { wholeList } from "../../api/record.ts";
import { count, plural } from "../../lib/format.ts";
import { may } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Status, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { AreaField } from "../../ui/form.tsx";
import { Empty, Failed } from "../../ui/notice.tsx";
import { said } from "../../ui/said.tsx";
import { type Column, Table, TableFoot } from "../../ui/table.tsx";
import { decide, type Verdict } from "./decide.ts";

const t = text.setup.access;

/** An affiliate at an offer, and what was said. */
export type Application = Schema["Access"];

type Filter = { status?: "requested" | "approved" | "rejected"; offer_id?: number; affiliate_id?: number };

/** Who stands how to which offers. */
export const useApplications = (filter: Filter, enabled = true) =>
	useRead(
		["access", filter.status, filter.offer_id, filter.affiliate_id],
		(signal) =>
			wholeList((paging) =>
				api.GET("/api/v1/access", { params: { query: { ...filter, ...paging } }, signal }),
			),
		{ enabled },
	);

type Props = {
	filter: Filter;
	/** Which side is known from the page itself. */
	hide?: "offer" | "affiliate";
	caption: string;
	emptyTitle: string;
	emptyHint?: string;
};

const keyOf = (a: Application) => `${a.offer_id} ${a.affiliate_id}`;

/** Applications as a table, in which they are decided alone or many at once. */
export function Applications({ filter, hide, caption, emptyTitle, emptyHint }: Props) {
	const list = useApplications(filter);
	const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
	const [asking, setAsking] = useState<{ verdict: Verdict; of: Application[] }>();
	const [busy, setBusy] = useState(false);
	const write = may("write");
	const rows = list.data ?? [];
	const picked = rows.filter((a) => chosen.has(keyOf(a)));
	const toggle = (a: Application) => {
		const next = new Set(chosen);
		if (!next.delete(keyOf(a))) next.add(keyOf(a));
		setChosen(next);
	};
	const now = async (of: Application[], verdict: Verdict, note = "") => {
		setBusy(true);
		await decide(of, verdict, note);
		setBusy(false);
		setChosen(new Set());
		setAsking(undefined);
	};
	const columns: Column<Application>[] = [
		...(write
			? [
					{
						key: "pick",
						width: 48,
						phone: "pick" as const,
						label: t.pickAll,
						head: (
							<input
								type="checkbox"
								aria-label={t.pickAll}
								checked={rows.length > 0 && picked.length === rows.length}
								onChange={(e) => setChosen(new Set(e.currentTarget.checked ? rows.map(keyOf) : []))}
							/>
						),
						cell: (a: Application) => (
							<input
								type="checkbox"
								aria-label={t.pick(a.affiliate_name ?? "", a.offer_name ?? "")}
								checked={chosen.has(keyOf(a))}
								onChange={() => toggle(a)}
							/>
						),
					},
				]
			: []),
		...(hide === "affiliate"
			? []
			: [
					{
						key: "affiliate",
						phone: "title" as const,
						head: text.pick.affiliate,
						cell: (a: Application) => (
							<Link href={`/affiliates/${a.affiliate_id}`}>
								{said(a.affiliate_name || `#${a.affiliate_id}`)}
							</Link>
						),
					},
				]),
		...(hide === "offer"
			? []
			: [
					{
						key: "offer",
						phone: hide === "affiliate" ? ("title" as const) : ("wide" as const),
						head: text.pick.offer,
						cell: (a: Application) => (
							<Link href={`/offers/${a.offer_id}`}>{said(a.offer_name || `#${a.offer_id}`)}</Link>
						),
					},
				]),
		{
			key: "status",
			phone: "aside",
			head: text.setup.offers.status,
			cell: (a) =>
				a.status === "rejected" ? <Badge tone="bad">{t.tabs.rejected}</Badge> : <Status of={a.status} />,
		},
		{
			key: "note",
			head: t.said,
			wrap: true,
			phone: "wide",
			cell: (a) => a.note || <span class="mute">{t.nothingSaid}</span>,
		},
		{ key: "at", head: t.at, cell: (a) => <When at={a.decided_at ?? a.at} /> },
		...(write
			? [
					{
						key: "do",
						head: <span class="visually-hidden">{text.setup.offers.actions}</span>,
						end: true,
						phone: "wide" as const,
						cell: (a: Application) => (
							<span class="row tight verdicts">
								{a.status !== "approved" && (
									<Button
										small
										disabled={busy}
										aria-label={t.approveOne(a.affiliate_name ?? "", a.offer_name ?? "")}
										onClick={() => now([a], "approved")}
									>
										<Check aria-hidden />
										{t.approve}
									</Button>
								)}
								{a.status !== "rejected" && (
									<Button
										small
										quiet
										disabled={busy}
										aria-label={t.rejectOne(a.affiliate_name ?? "", a.offer_name ?? "")}
										onClick={() => setAsking({ verdict: "rejected", of: [a] })}
									>
										<X aria-hidden />
										{a.status === "approved" ? t.takeBack : t.reject}
									</Button>
								)}
							</span>
						),
					},
				]
			: []),
	];
	if (list.problem && !list.data) return <Failed problem={list.problem} again={list.again} />;
	return (
		<>
			{write && picked.length > 0 && (
				<div class="bulk" role="region" aria-label={t.bulk}>
					<span class="strong">{t.picked(count(picked.length))}</span>
					<Button small primary busy={busy} onClick={() => now(picked, "approved")}>
						{plural(picked.length, t.approveMany)}
					</Button>
					<Button small onClick={() => setAsking({ verdict: "approved", of: picked })}>
						{t.approveWithNote}
					</Button>
					<Button small danger onClick={() => setAsking({ verdict: "rejected", of: picked })}>
						{plural(picked.length, t.rejectMany)}
					</Button>
				</div>
			)}
			<Table
				stack
				caption={caption}
				columns={columns}
				rows={rows}
				rowKey={keyOf}
				selected={(a) => chosen.has(keyOf(a))}
				loading={list.loading}
				empty={
					<Empty icon={DoorOpen} title={emptyTitle}>
						{emptyHint}
					</Empty>
				}
			/>
			{rows.length > 0 && <TableFoot shown={rows.length} />}
			{asking && (
				<Decide
					busy={busy}
					verdict={asking.verdict}
					of={asking.of}
					onClose={() => setAsking(undefined)}
					onDecide={(note) => now(asking.of, asking.verdict, note)}
				/>
			)}
		</>
	);
}

type DecideProps = {
	busy: boolean;
	verdict: Verdict;
	of: Application[];
	onClose: () => void;
	onDecide: (note: string) => void;
};

function Decide({ busy, verdict, of, onClose, onDecide }: DecideProps) {
	const [note, setNote] = useState("");
	const title = plural(of.length, verdict === "approved" ? t.approveMany : t.rejectMany);
	return (
		<Dialog
			title={title}
			onClose={onClose}
			onSubmit={() => onDecide(note)}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button primary danger={verdict === "rejected"} type="submit" busy={busy}>
						{title}
					</Button>
				</>
			}
		>
			<p>{t.becomes[verdict]}</p>
			<AreaField label={t.note} hint={t.noteHint} value={note} onValue={setNote} rows={3} />
		</Dialog>
	);
}
