import { useState } from "preact/hooks";
import { api, read, type Schema, useRead } from "../../api/client.ts";
import { dateTime, instant } from "../../lib/format.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Code } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { SelectField, TextField } from "../../ui/form.tsx";
import { Empty, Failed } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Table, TableFoot } from "../../ui/table.tsx";

type Note = Schema["Audit"];

const t = text.audit;
const entities = [
	"offer",
	"goal",
	"term",
	"link",
	"advertiser",
	"affiliate",
	"subscription",
	"coupon",
	"domain",
	"key",
	"user",
	"payout",
	"adjustment",
];

/** Who changed what, and who signed in. */
export default function Audit() {
	const [state, set] = useUrlState({ entity: "", key: "", actor: "" });
	const [more, setMore] = useState<{ of: string; rows: Note[]; next?: string }>();
	const [busy, setBusy] = useState(false);
	const [open, setOpen] = useState<Note>();
	const query = {
		entity: state.entity || undefined,
		key: state.key || undefined,
		actor: state.actor || undefined,
		limit: 100,
	};
	const id = JSON.stringify(query);
	const list = useRead(["audit", id], (signal) => api.GET("/api/v1/audit", { params: { query }, signal }));
	const later = more?.of === id ? more : undefined;
	const rows = [...(list.data?.data ?? []), ...(later?.rows ?? [])];
	const next = later ? later.next : list.data?.next_cursor;
	const load = async () => {
		setBusy(true);
		const got = await read(api.GET("/api/v1/audit", { params: { query: { ...query, cursor: next } } })).catch(
			() => undefined,
		);
		if (got) setMore({ of: id, rows: [...(later?.rows ?? []), ...got.data], next: got.next_cursor });
		setBusy(false);
	};
	return (
		<Page title={t.title} lead={t.lead}>
			<div class="filters">
				<SelectField
					label={t.entity}
					hideLabel
					value={state.entity}
					onValue={(entity) => set({ entity })}
					choices={[
						{ value: "", label: t.anything },
						...entities.map((e) => ({ value: e, label: (t.entities as Record<string, string>)[e] ?? e })),
					]}
				/>
				<TextField
					label={t.key}
					hideLabel
					placeholder={t.key}
					value={state.key}
					onValue={(key) => set({ key }, { replace: true })}
				/>
				<TextField
					label={t.actor}
					hideLabel
					placeholder={t.actorHint}
					value={state.actor}
					onValue={(actor) => set({ actor }, { replace: true })}
				/>
			</div>
			<Card flush>
				{list.problem && !list.data ? (
					<Failed problem={list.problem} again={list.again} />
				) : (
					<>
						<Table
							stack
							caption={t.title}
							rows={rows}
							rowKey={(n) => n.id}
							loading={list.loading}
							onRow={setOpen}
							empty={<Empty title={t.none} />}
							columns={[
								{
									key: "at",
									phone: "title",
									head: text.common.time,
									cell: (n) => (
										<time dateTime={n.at} title={instant(n.at)}>
											{dateTime(n.at)}
										</time>
									),
								},
								{
									key: "actor",
									head: t.actor,
									cell: (n) => (
										<>
											{n.actor_name || n.actor || t.nobody}{" "}
											{n.actor_name && <span class="mute small">{n.actor}</span>}
										</>
									),
								},
								{
									key: "what",
									head: t.what,
									cell: (n) =>
										(t.actions as Record<string, string>)[n.action] ?? n.action.replaceAll("_", " "),
								},
								{
									key: "entity",
									head: t.entity,
									cell: (n) =>
										`${(t.entities as Record<string, string>)[n.entity] ?? n.entity} ${n.key ?? ""}`,
								},
								{ key: "address", head: t.address, cell: (n) => <span class="id">{n.address}</span> },
								{
									key: "more",
									phone: "aside",
									head: <span class="visually-hidden">{t.changes}</span>,
									end: true,
									cell: (n) =>
										(n.before || n.after) != null && (
											<Button small quiet onClick={() => setOpen(n)}>
												{t.changes}
											</Button>
										),
								},
							]}
						/>
						{rows.length > 0 && <TableFoot shown={rows.length} next={next} onMore={load} busy={busy} />}
					</>
				)}
			</Card>
			{open && (
				<Dialog wide title={t.changes} onClose={() => setOpen(undefined)}>
					<Changes of={open} />
				</Dialog>
			)}
		</Page>
	);
}

type Doc = Record<string, unknown>;

const written = (v: unknown): string =>
	v === undefined ? "–" : typeof v === "string" ? v : JSON.stringify(v, null, 2);

// Only what differs: field, before, after.
function Changes({ of: n }: { of: Note }) {
	const before = (n.before ?? {}) as Doc;
	const after = (n.after ?? {}) as Doc;
	const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
		(f) => JSON.stringify(before[f]) !== JSON.stringify(after[f]) && f !== "updated_at",
	);
	if (fields.length === 0) return <p class="mute">{t.noChanges}</p>;
	return (
		<>
			<Table
				caption={t.changes}
				rows={fields}
				rowKey={(f) => f}
				columns={[
					{ key: "field", head: t.field, cell: (f) => <code>{f}</code> },
					{ key: "before", head: t.before, wrap: true, cell: (f) => written(before[f]) },
					{ key: "after", head: t.after, wrap: true, cell: (f) => written(after[f]) },
				]}
			/>
			<details>
				<summary>{text.trace.record}</summary>
				<Code of={JSON.stringify(n, null, 2)} />
			</details>
		</>
	);
}
