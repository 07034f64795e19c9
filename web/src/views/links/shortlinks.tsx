// Short links: a code that stands for an offer, an affiliate and values.
import { Archive, Link2, MoreHorizontal, Pencil, RotateCcw } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { jsonOf, wholeList } from "../../api/record.ts";
import { count, today } from "../../lib/format.ts";
import { nodeUrl } from "../../lib/place.ts";
import { may, me } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Badge, Code, Copy, When } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Fielded, TextField } from "../../ui/form.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Empty, Notice, Read } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { useNames } from "../../ui/picker.tsx";
import { type Column, Table, TableFoot } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";
import { tooLongToShorten, valuesOfQuery } from "./compose.ts";

const t = text.links;

type Short = Schema["Link"];
type Begin = { offer_id: number; affiliate_id: number; query: string };

/** Where short links lead from. */
const place = () => me.value?.public_url || nodeUrl;

const addressOf = (code: string | undefined, base = place()) => `${base}/c/${encodeURIComponent(code ?? "")}`;

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

/** The short links there are, all or an offer's. Only the network sees them. */
export function ShortLinks({ offer, affiliate }: { offer?: number; affiliate?: number }) {
	const [editing, setEditing] = useState<Short>();
	const query = {
		...(offer ? { offer_id: String(offer) } : {}),
		...(affiliate ? { affiliate_id: String(affiliate) } : {}),
	};
	const list = useRead(["links", query], (signal) =>
		wholeList((page) => api.GET("/api/v1/links", { params: { query: { ...query, ...page } }, signal })),
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
						limit: "10000",
					} as never,
				},
				signal,
			}),
		),
	);
	const rows = (clicks.data as { rows?: { link?: string; clicks?: number }[] } | undefined)?.rows;
	const offers = useNames("offer");
	const affiliates = useNames("affiliate");
	const counts = rows && new Map(rows.map((r) => [r.link ?? "", r.clicks ?? 0]));
	const shown = { counts, offers, affiliates, onEdit: setEditing };
	return (
		<Card title={t.shortLinks} flush>
			<Read
				of={list}
				wait={<Table caption={t.shortLinks} columns={columns(shown)} rows={[]} rowKey={() => 0} loading />}
			>
				{(all) => (
					<>
						<Table
							caption={t.shortLinks}
							columns={columns(shown)}
							rows={all}
							rowKey={(l) => l.code ?? ""}
							empty={
								<Empty icon={Link2} title={t.noShort}>
									{t.noShortHint}
								</Empty>
							}
						/>
						{all.length > 0 && <TableFoot shown={all.length} />}
					</>
				)}
			</Read>
			{editing && <EditDialog of={editing} onClose={() => setEditing(undefined)} />}
		</Card>
	);
}

type Shown = {
	counts?: Map<string, number>;
	offers: (id: number | undefined) => string;
	affiliates: (id: number | undefined) => string;
	onEdit?: (l: Short) => void;
};

function columns({ counts, offers, affiliates, onEdit }: Shown): Column<Short>[] {
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
			cell: (l) => (counts ? count(counts.get(l.code ?? "") ?? 0) : "–"),
		},
		{
			key: "offer",
			head: text.pick.offer,
			cell: (l) => <Link href={`/offers/${l.offer_id}`}>{offers(l.offer_id)}</Link>,
		},
		{
			key: "affiliate",
			head: text.pick.affiliate,
			cell: (l) => <Link href={`/affiliates/${l.affiliate_id}`}>{affiliates(l.affiliate_id)}</Link>,
		},
		{ key: "values", head: t.values, cell: (l) => <ValuesOf query={l.query} /> },
		{ key: "made", head: t.made, end: true, cell: (l) => <When at={l.created_at} /> },
		{
			key: "menu",
			head: <span class="visually-hidden">{t.actions}</span>,
			end: true,
			cell: (l) => onEdit && may("write") && <Actions of={l} onEdit={onEdit} />,
		},
	];
}

function Actions({ of, onEdit }: { of: Short; onEdit: (l: Short) => void }) {
	const changing = useChange(
		(status: "active" | "retired") =>
			api.PATCH("/api/v1/links/{id}", { params: { path: { id: of.code ?? "" } }, body: { status } }),
		{ touches: ["links", "offers"] },
	);
	const retire = async () => {
		if (await changing.run("retired"))
			toast(t.retiredToast(of.code ?? ""), { undo: () => void changing.run("active") });
	};
	return (
		<Menu
			label={t.actionsOf(of.code ?? "")}
			class="btn quiet icon small"
			items={[
				{ label: t.edit, icon: <Pencil aria-hidden />, onClick: () => onEdit(of) },
				of.status === "retired"
					? {
							label: t.reactivate,
							icon: <RotateCcw aria-hidden />,
							onClick: () => void changing.run("active"),
						}
					: { label: t.retire, icon: <Archive aria-hidden />, onClick: () => void retire() },
			]}
		>
			<MoreHorizontal aria-hidden />
		</Menu>
	);
}
