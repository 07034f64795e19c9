// All postbacks: who is told, where, and how well that goes.
import { Plus, Send } from "lucide-preact";
import { useRef } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { api, type Schema, useRead } from "../../api/client.ts";
import { useListed } from "../../api/found.ts";
import { ago, count } from "../../lib/format.ts";
import { may, side } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Status } from "../../ui/bits.tsx";
import { Go } from "../../ui/button.tsx";
import { SelectField } from "../../ui/form.tsx";
import { Paged, SearchField } from "../../ui/list.tsx";
import { Named } from "../../ui/named.tsx";
import { Empty } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Pick } from "../../ui/picker.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Owner } from "../lists/owner.tsx";
import { hostOf, isPixel, type Postback } from "./draft.ts";
import "./postbacks.css";

const t = text.postbacks;

type Destination = Schema["Destination"];

/** What a postback is called where it has no name. */
export const nameOf = (p: Postback): string =>
	p.name || hostOf(p.url) || t.formats[p.format ?? "get"] || `#${p.id}`;

/** How well a destination is. */
export function Health({ of, pixel }: { of: Destination | undefined; pixel: boolean }) {
	if (pixel) return <span class="mute">{t.health.pixel}</span>;
	const [tone, words] = healthOf(of);
	return (
		<span class="row tight nowrap">
			<i class={`dot ${tone}`} aria-hidden />
			{words}
		</span>
	);
}

function healthOf(d: Destination | undefined): [string, string] {
	if (d?.breaker.state === "open") return ["bad", t.health.open];
	if (d?.breaker.state === "half_open") return ["warn", t.health.half];
	const failed = d?.last_failure?.at;
	if (failed && failed > (d?.last_success_at ?? "")) return ["warn", t.health.failed(ago(failed))];
	if (d && d.dead > 0) return ["warn", t.health.dead(count(d.dead))];
	return d?.last_success_at ? ["good", t.health.fine(ago(d.last_success_at))] : ["", t.health.never];
}

export default function Postbacks() {
	const [state, set] = useUrlState({ q: "", status: "", format: "", affiliate: "", offer: "" });
	const [, go] = useLocation();
	const query = {
		status: state.status || undefined,
		format: state.format || undefined,
		affiliate_id: state.affiliate || undefined,
		offer_id: state.offer || undefined,
	};
	const list = useListed<Postback>(["postbacks", "list", query], state.q, (asked, signal) =>
		api.GET("/api/v1/postbacks", { params: { query: { ...query, ...asked } }, signal }),
	);
	const { rows } = list;
	const health = useHealth(rows);
	const filtered = Object.values(state).some(Boolean);
	return (
		<Page
			title={t.title}
			lead={
				<>
					{t.lead[side.value]} {side.value === "network" && <Link href="/signals?tab=all">{t.incoming}</Link>}
				</>
			}
			actions={
				may("write") && (
					<Go to="/postbacks/new" primary>
						<Plus aria-hidden />
						{t.new}
					</Go>
				)
			}
		>
			<div class="filters" role="search">
				<SearchField
					label={t.filters.search}
					value={state.q}
					onValue={(q) => set({ q }, { replace: true })}
				/>
				<SelectField
					label={t.filters.status}
					hideLabel
					value={state.status}
					onValue={(status) => set({ status })}
					choices={[
						{ value: "", label: `${t.filters.status}: ${t.filters.any}` },
						...(["active", "paused", "disabled"] as const).map((s) => ({ value: s, label: text.status[s] })),
					]}
				/>
				<SelectField
					label={t.filters.format}
					hideLabel
					value={state.format}
					onValue={(format) => set({ format })}
					choices={[
						{ value: "", label: `${t.filters.format}: ${t.filters.any}` },
						...Object.entries(t.formats).map(([value, label]) => ({ value, label })),
					]}
				/>
				{side.value === "network" && (
					<Pick
						kind="affiliate"
						placeholder={text.pick.affiliate}
						value={state.affiliate}
						onValue={(affiliate) => set({ affiliate })}
					/>
				)}
				<Pick
					kind="offer"
					placeholder={text.pick.offer}
					value={state.offer}
					onValue={(offer) => set({ offer })}
				/>
			</div>
			<Card flush>
				<Paged of={list}>
					<Table
						stack
						caption={t.caption}
						columns={columns(health)}
						rows={rows}
						rowKey={(p) => p.id ?? 0}
						onRow={(p) => go(`/postbacks/${p.id}`)}
						loading={list.loading}
						empty={filtered ? <Empty title={t.noneFit}>{t.noneFitHint}</Empty> : <NoneYet />}
					/>
				</Paged>
			</Card>
		</Page>
	);
}

// How the destinations of postbacks are, a page of them at a time.
const page = 100;

function useHealth(rows: Postback[]): Map<number, Destination> {
	const ids = rows.slice(-page).map((p) => p.id ?? 0);
	const known = useRef(new Map<number, Destination>()).current;
	const read = useRead(
		["destinations", "of", ids.join(",")],
		(signal) =>
			api.GET("/api/v1/destinations", { params: { query: { ids: ids.join(","), limit: page } }, signal }),
		{ every: 30_000, enabled: ids.length > 0 },
	);
	for (const d of read.data?.data ?? []) known.set(d.id, d);
	return known;
}

function NoneYet() {
	return (
		<Empty icon={Send} title={t.none}>
			{t.noneHint}
		</Empty>
	);
}

function columns(health: Map<number, Destination>): Column<Postback>[] {
	return [
		{
			key: "name",
			phone: "title",
			head: t.cols.name,
			cell: (p) => (
				<>
					<Link href={`/postbacks/${p.id}`} class="strong">
						{nameOf(p)}
					</Link>
					{side.value === "network" && (
						<div class="mute small">
							<Owner of={p.owner} plain />
						</div>
					)}
				</>
			),
		},
		{ key: "status", phone: "aside", head: t.cols.status, cell: (p) => <Status of={p.status} /> },
		{
			key: "health",
			phone: "wide",
			head: t.cols.health,
			cell: (p) => <Health of={health.get(p.id ?? 0)} pixel={isPixel(p.format ?? "get")} />,
		},
		{
			key: "waiting",
			head: t.cols.waiting,
			end: true,
			cell: (p) => count(health.get(p.id ?? 0)?.waiting),
		},
		{
			key: "destination",
			head: t.cols.destination,
			cell: (p) => (
				<>
					{hostOf(p.url) || t.ofPlatform}
					<div class="mute small">{t.formats[p.format ?? "get"]}</div>
				</>
			),
		},
		{
			key: "scope",
			head: t.cols.scope,
			cell: (p) => (
				<>
					{p.offer_id ? <Named kind="offer" id={p.offer_id} plain /> : t.allOffers}
					{p.goal && <div class="mute small">{t.goal(p.goal)}</div>}
				</>
			),
		},
	];
}
