// Short links: a code that stands for an offer, an affiliate and values.
import { Archive, Link2, MoreHorizontal, Pencil, QrCode as QrIcon, RotateCcw, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { useListed } from "../../api/found.ts";
import { jsonOf } from "../../api/record.ts";
import { count, today } from "../../lib/format.ts";
import { nodeUrl } from "../../lib/place.ts";
import { may, me, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Code, Copy, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { ask, Dialog } from "../../ui/dialog.tsx";
import { Fielded, TextField } from "../../ui/form.tsx";
import { Paged } from "../../ui/list.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty, Notice } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";
import { tooLongToShorten, valuesOfQuery } from "./compose.ts";
import { QrCode } from "./qrcode.tsx";

const t = text.links;

type Short = Schema["Link"];
type Begin = { offer_id: number; affiliate_id: number; query: string };

/** Where short links lead from. */
const place = () => me.value?.public_url || nodeUrl;

const addressOf = (code: string | undefined, base = place()) => `${base}/c/${encodeURIComponent(code ?? "")}`;

/** Of so many links the clicks are read, those with the most. */
const mostCounted = 10_000;

/** Makes a short link, and shows it. */
export function ShortLinkDialog({
	base,
	begin,
	onClose,
}: {
	base: string;
	begin: Begin;
	onClose: () => void;
}) {
	const [code, setCode] = useState("");
	const [made, setMade] = useState<Short>();
	const making = useChange(
		() =>
			api.POST("/api/v1/links", {
				body: { ...begin, ...(code.trim() ? { code: code.trim() } : {}) } as never,
			}),
		{ touches: ["links", "offers"] },
	);
	if (made)
		return (
			<Dialog
				title={t.shortMade}
				onClose={onClose}
				footer={
					<Button primary onClick={onClose}>
						{text.common.close}
					</Button>
				}
			>
				<Code of={addressOf(made.code, base)} wrap label={t.short} />
			</Dialog>
		);
	return (
		<Dialog
			title={t.shortNew}
			onClose={onClose}
			onSubmit={async () => setMade(await making.run())}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button primary type="submit" busy={making.busy} disabled={tooLongToShorten(begin.query)}>
						{t.shortCreate}
					</Button>
				</>
			}
		>
			<Fielded problem={making.problem}>
				<p class="mute">{t.shortHint}</p>
				{tooLongToShorten(begin.query) && <Notice tone="warn">{t.limits.short}</Notice>}
				<TextField
					name="code"
					label={t.code}
					hint={t.codeHint(`${base}/c/`)}
					code
					autoFocus
					value={code}
					onValue={setCode}
				/>
				{making.problem?.at("query") && <Notice tone="bad">{making.problem.at("query")}</Notice>}
				<ValuesOf query={begin.query} />
			</Fielded>
		</Dialog>
	);
}

function ValuesOf({ query }: { query: string | undefined }) {
	const values = valuesOfQuery(query ?? "");
	if (values.length === 0) return <span class="mute small">{t.noValues}</span>;
	return (
		<span class="row tight">
			{values.map(([name, value]) => (
				<Badge key={name}>
					<span class="break">
						{name}={value}
					</span>
				</Badge>
			))}
		</span>
	);
}

/** Changes the values of a short link. Its code, offer and affiliate stay. */
function EditDialog({ of, onClose }: { of: Short; onClose: () => void }) {
	const [query, setQuery] = useState(of.query ?? "");
	const changing = useChange(
		() =>
			api.PATCH("/api/v1/links/{id}", {
				params: { path: { id: of.code ?? "" } },
				body: { query: query.trim() || null } as never,
			}),
		{ touches: ["links"], done: text.common.saved },
	);
	return (
		<Dialog
			title={t.editTitle(of.code ?? "")}
			onClose={onClose}
			onSubmit={async () => {
				if (await changing.run()) onClose();
			}}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button primary type="submit" busy={changing.busy}>
						{text.common.save}
					</Button>
				</>
			}
		>
			<Fielded problem={changing.problem}>
				<TextField name="query" label={t.values} hint={t.valuesHint} code value={query} onValue={setQuery} />
				<p class="mute small">{t.editHint}</p>
			</Fielded>
		</Dialog>
	);
}

function QrDialog({ of, onClose }: { of: Short; onClose: () => void }) {
	return (
		<Dialog
			title={t.qrOf(of.code ?? "")}
			onClose={onClose}
			footer={
				<Button primary onClick={onClose}>
					{text.common.close}
				</Button>
			}
		>
			<Code of={addressOf(of.code)} wrap label={t.short} />
			<QrCode of={addressOf(of.code)} />
		</Dialog>
	);
}

type ShortLinksProps = {
	offer?: number;
	affiliate?: number;
	/** The one that is looked for, and how to see the others again. */
	code?: string;
	onAll?: () => void;
	/** What is looked for in their codes. */
	q: string;
	onQ: (q: string) => void;
};

/** The short links there are, all or an offer's; an affiliate's own. */
export function ShortLinks({ offer, affiliate, code, onAll, q, onQ }: ShortLinksProps) {
	const [editing, setEditing] = useState<Short>();
	const [drawn, setDrawn] = useState<Short>();
	const network = side.value === "network";
	const query = {
		...(offer ? { offer_id: String(offer) } : {}),
		...(affiliate ? { affiliate_id: String(affiliate) } : {}),
	};
	const list = useListed<Short>(
		["links", query, code],
		code || q,
		(asked, signal) => api.GET("/api/v1/links", { params: { query: { ...query, ...asked } }, signal }),
		{ fits: (l) => !code || l.code === code },
	);
	const clicks = useRead(["reports", "links"], (signal) =>
		jsonOf(
			api.GET("/api/v1/reports", {
				params: {
					query: {
						dimensions: "link",
						metrics: "clicks",
						filter: ["link!="],
						from: today(-29),
						to: today(),
						limit: String(mostCounted),
					} as never,
				},
				signal,
			}),
		),
	);
	const rows = (clicks.data as { rows?: { link?: string; clicks?: number }[] } | undefined)?.rows;
	const counts = rows && new Map(rows.map((r) => [r.link ?? "", r.clicks ?? 0]));
	const shown = {
		counts,
		whole: (rows?.length ?? 0) < mostCounted,
		network,
		onEdit: setEditing,
		onDraw: setDrawn,
	};
	return (
		<Card
			title={t.shortLinks}
			flush
			actions={
				code ? (
					<Button small onClick={onAll}>
						{t.allShort}
					</Button>
				) : (
					<input
						class="input"
						type="search"
						aria-label={t.searchShort}
						placeholder={t.searchShort}
						value={q}
						onInput={(e) => onQ(e.currentTarget.value)}
					/>
				)
			}
		>
			<Paged of={list}>
				<Table
					caption={t.shortLinks}
					columns={columns(shown)}
					rows={list.rows}
					rowKey={(l) => l.code ?? ""}
					loading={list.loading}
					empty={
						code ? (
							<Empty icon={Link2} title={t.noSuch(code)} />
						) : q ? (
							<Empty title={t.noneFit} />
						) : (
							<Empty icon={Link2} title={t.noShort}>
								{t.noShortHint}
							</Empty>
						)
					}
				/>
			</Paged>
			{editing && <EditDialog of={editing} onClose={() => setEditing(undefined)} />}
			{drawn && <QrDialog of={drawn} onClose={() => setDrawn(undefined)} />}
		</Card>
	);
}

type Shown = {
	counts?: Map<string, number>;
	/** Whether a link that is not counted has no clicks. */
	whole: boolean;
	network: boolean;
	onEdit: (l: Short) => void;
	onDraw: (l: Short) => void;
};

function columns({ counts, whole, network, onEdit, onDraw }: Shown): Column<Short>[] {
	return [
		{
			key: "code",
			head: t.short,
			cell: (l) => (
				<span class="row tight nowrap">
					<span class="id">/c/{l.code}</span>
					<Copy value={addressOf(l.code)} />
				</span>
			),
		},
		{
			key: "status",
			head: t.status,
			cell: (l) => (
				<Badge tone={l.status === "retired" ? "mute" : "good"}>
					{l.status === "retired" ? t.retired : text.status.active}
				</Badge>
			),
		},
		{
			key: "clicks",
			head: t.clicks30,
			end: true,
			cell: (l) => count(counts?.get(l.code ?? "") ?? (counts && whole ? 0 : undefined)),
		},
		{
			key: "offer",
			head: text.pick.offer,
			cell: (l) => <Named kind="offer" id={l.offer_id} />,
		},
		...(network
			? [
					{
						key: "affiliate",
						head: text.pick.affiliate,
						cell: (l: Short) => <Named kind="affiliate" id={l.affiliate_id} />,
					},
				]
			: []),
		{ key: "values", head: t.values, cell: (l) => <ValuesOf query={l.query} /> },
		{ key: "made", head: t.made, end: true, cell: (l) => <When at={l.created_at} /> },
		{
			key: "menu",
			head: <span class="visually-hidden">{t.actions}</span>,
			end: true,
			cell: (l) => <Actions of={l} onEdit={onEdit} onDraw={onDraw} />,
		},
	];
}

type ActionsProps = { of: Short } & Pick<Shown, "onEdit" | "onDraw">;

function Actions({ of, onEdit, onDraw }: ActionsProps) {
	const changing = useChange(
		(status: "active" | "retired") =>
			api.PATCH("/api/v1/links/{id}", { params: { path: { id: of.code ?? "" } }, body: { status } }),
		{ touches: ["links", "offers"] },
	);
	const retire = async () => {
		if (await changing.run("retired"))
			toast(t.retiredToast(of.code ?? ""), { undo: () => void changing.run("active") });
	};
	const deleting = useChange(
		() => api.DELETE("/api/v1/links/{id}", { params: { path: { id: of.code ?? "" } } }),
		{ touches: ["links", "offers"], done: t.deleted(of.code ?? "") },
	);
	const remove = async () => {
		const question = {
			title: t.deleteTitle(of.code ?? ""),
			body: <p>{t.deleteBody}</p>,
			yes: t.deleteYes,
			danger: true,
		};
		if (await ask(question)) void deleting.run();
	};
	const draw = { label: t.qr, icon: <QrIcon aria-hidden />, onClick: () => onDraw(of) };
	return (
		<Menu
			label={t.actionsOf(of.code ?? "")}
			class="btn quiet icon small"
			items={
				may("write")
					? [
							draw,
							{ label: t.edit, icon: <Pencil aria-hidden />, onClick: () => onEdit(of) },
							of.status === "retired"
								? {
										label: t.reactivate,
										icon: <RotateCcw aria-hidden />,
										onClick: () => void changing.run("active"),
									}
								: { label: t.retire, icon: <Archive aria-hidden />, onClick: () => void retire() },
							{
								label: t.deleteYes,
								icon: <Trash2 aria-hidden />,
								onClick: () => void remove(),
								danger: true,
							},
						]
					: [draw]
			}
		>
			<MoreHorizontal aria-hidden />
		</Menu>
	);
}
