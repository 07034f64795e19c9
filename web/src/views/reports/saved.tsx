import { Bookmark, Check, Pencil, Save, Share2, Trash2, UserRound } from "lucide-preact";
import { useState } from "preact/hooks";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import type { Problem } from "../../lib/problem.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { CheckField, TextField } from "../../ui/form.tsx";
import { type Item, Menu } from "../../ui/menu.tsx";
import { said } from "../../ui/said.tsx";
import { toast } from "../../ui/toast.tsx";

const t = text.reports;
type Saved = Schema["SavedReport"];

// The report that is open, as it is kept: its address without its own number.
function kept(query: URLSearchParams): string {
	const q = new URLSearchParams(query);
	q.delete("saved");
	return q.toString();
}

const addressOf = (s: { id?: number; query?: string }) => {
	const q = new URLSearchParams(s.query ?? "");
	q.set("saved", String(s.id));
	return q;
};

type SavedProps = { query: URLSearchParams; go: (query: URLSearchParams) => void };

/** The reports that were saved, and what may be done with the one that is open. */
export function SavedReports({ query, go }: SavedProps) {
	const [naming, setNaming] = useState<"new" | "rename">();
	const list = useRead(["saved_reports"], (signal) =>
		api.GET("/api/v1/saved_reports", { params: { query: { limit: 1000 } }, signal }),
	);
	const touches = { touches: ["saved_reports"] };
	const change = useChange(
		(id: number, body: Schema["SavedReportChange"]) =>
			api.PATCH("/api/v1/saved_reports/{id}", { params: { path: { id } }, body }),
		touches,
	);
	const create = useChange(
		(body: Schema["SavedReportCreate"]) => api.POST("/api/v1/saved_reports", { body }),
		touches,
	);
	const remove = useChange(
		(id: number) => api.DELETE("/api/v1/saved_reports/{id}", { params: { path: { id } } }),
		touches,
	);
	const all = list.data?.data ?? [];
	const open = all.find((s) => String(s.id) === query.get("saved"));
	const own = open?.mine ? open : undefined;
	const toItem = (s: Saved): Item => ({
		label: s.mine ? `${s.name}` : `${s.name} (${t.by(s.owner_name ?? "")})`,
		icon:
			s.id === open?.id ? (
				<Check aria-hidden />
			) : s.shared ? (
				<Share2 aria-hidden />
			) : (
				<Bookmark aria-hidden />
			),
		onClick: () => go(addressOf(s)),
	});
	const drop = async (s: Saved) => {
		if (!(await remove.run(s.id as number))) return;
		const q = new URLSearchParams(kept(query));
		go(q);
		toast(t.deleted(s.name ?? ""), {
			undo: async () => {
				const again = await create.run({ name: s.name as string, query: s.query, shared: s.shared });
				if (again) go(addressOf(again));
			},
		});
	};
	const share = async (s: Saved) => {
		const shared = !s.shared;
		if (!(await change.run(s.id as number, { shared }))) return;
		toast(shared ? t.sharedNow : t.unsharedNow, {
			undo: () => void change.run(s.id as number, { shared: !shared }),
		});
	};
	const keep = async (s: Saved) => {
		const before = s.query;
		if (!(await change.run(s.id as number, { query: kept(query) }))) return;
		toast(t.saveDone(s.name ?? ""), { undo: () => void change.run(s.id as number, { query: before }) });
	};
	const mine = all.filter((s) => s.mine);
	const others = all.filter((s) => !s.mine);
	const items: Item[] = [
		{ title: mine.length > 0 || others.length > 0 ? t.savedMine : t.savedNone },
		...mine.map(toItem),
		...(others.length > 0 ? [{ title: t.savedShared }, ...others.map(toItem)] : []),
		"line",
		...(own
			? [
					{
						label: t.save,
						icon: <Save aria-hidden />,
						disabled: own.query === kept(query),
						onClick: () => void keep(own),
					},
				]
			: []),
		{ label: t.saveAs, icon: <Bookmark aria-hidden />, onClick: () => setNaming("new") },
		...(own
			? [
					{ label: t.rename, icon: <Pencil aria-hidden />, onClick: () => setNaming("rename") },
					{
						label: own.shared ? t.unshare : t.share,
						icon: own.shared ? <UserRound aria-hidden /> : <Share2 aria-hidden />,
						onClick: () => void share(own),
					},
					{ label: t.delete, icon: <Trash2 aria-hidden />, danger: true, onClick: () => void drop(own) },
				]
			: []),
	];
	return (
		<>
			<Menu label={open?.name ? `${t.saved}: ${open.name}` : t.saved} class="btn" items={items}>
				<Bookmark aria-hidden />
				{said(open?.name ?? t.saved)}
			</Menu>
			{naming === "new" && (
				<Naming
					title={t.saveTitle}
					name=""
					shared={false}
					onClose={() => setNaming(undefined)}
					busy={create.busy}
					problem={create.problem}
					onName={async (name, shared) => {
						const made = await create.run({ name, shared, query: kept(query) });
						if (!made) return;
						setNaming(undefined);
						toast(t.saveDone(name));
						go(addressOf(made));
					}}
				/>
			)}
			{naming === "rename" && own && (
				<Naming
					title={t.renameTitle}
					name={own.name ?? ""}
					onClose={() => setNaming(undefined)}
					busy={change.busy}
					problem={change.problem}
					onName={async (name) => {
						if (!(await change.run(own.id as number, { name }))) return;
						setNaming(undefined);
						toast(t.saveDone(name));
					}}
				/>
			)}
		</>
	);
}

type NamingProps = {
	title: string;
	name: string;
	/** Left out: who sees it stays as it is. */
	shared?: boolean;
	onClose: () => void;
	onName: (name: string, shared: boolean) => void;
	busy: boolean;
	problem: Problem | undefined;
};

function Naming(props: NamingProps) {
	const [name, setName] = useState(props.name);
	const [shared, setShared] = useState(props.shared ?? false);
	return (
		<Dialog
			title={props.title}
			onClose={props.onClose}
			onSubmit={() => name.trim() !== "" && props.onName(name.trim(), shared)}
			footer={
				<>
					<Button onClick={props.onClose}>{text.common.cancel}</Button>
					<Button primary type="submit" busy={props.busy} disabled={name.trim() === ""}>
						{text.common.save}
					</Button>
				</>
			}
		>
			<TextField
				label={t.saveName}
				value={name}
				onValue={setName}
				error={props.problem?.at("name") ?? props.problem?.message}
				maxLength={200}
				autoFocus
			/>
			{props.shared !== undefined && (
				<CheckField label={t.saveShared} hint={t.saveSharedHint} value={shared} onValue={setShared} />
			)}
		</Dialog>
	);
}
