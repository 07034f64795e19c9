// What an affiliate may promote.
import { Link2, Megaphone } from "lucide-preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { useFirst, useFound } from "../../api/found.ts";
import { count, country } from "../../lib/format.ts";
import { plainly } from "../../lib/hidden.ts";
import { may } from "../../lib/session.ts";
import { useUrlState } from "../../lib/url.ts";
import { text } from "../../text/en.ts";
import { Badge } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { SearchField } from "../../ui/list.tsx";
import { Empty, Failed, Skeleton } from "../../ui/notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Said, said } from "../../ui/said.tsx";
import { TableFoot } from "../../ui/table.tsx";
import { AskAccess, type Standing, Stands, standing } from "./ask.tsx";
import { priceWords } from "./pricefields.tsx";
import "./setup.css";
import type { Offer } from "./types.ts";

const t = text.setup.find;

const filters = { q: "", category: "", access: "" };

/** Offers as cards: what they are, what they pay, and whether one may promote them. */
export function FindOffers() {
	const [f, set] = useUrlState(filters);
	const [asking, setAsking] = useState<Offer>();
	const first = useFirst("offer");
	const all = (first.data?.data ?? []).filter((o) => o.status !== "archived");
	const categories = [...new Set(all.map((o) => o.category).filter((c): c is string => Boolean(c)))].sort();
	const offers = useFound(
		"offer",
		f.q,
		{ category: f.category || undefined },
		(o) =>
			o.status !== "archived" &&
			(!f.category || o.category === f.category) &&
			(!f.access || standing(o) === f.access) &&
			`${o.name} ${o.id} ${o.category ?? ""} ${o.description ?? ""}`
				.toLowerCase()
				.includes(f.q.trim().toLowerCase()),
	);
	const { rows } = offers;
	return (
		<Page title={t.title} lead={t.lead}>
			<div class="filters" role="search">
				<SearchField label={t.search} value={f.q} onValue={(q) => set({ q }, { replace: true })} />
				{categories.length > 0 && (
					<select
						class="select"
						aria-label={t.category}
						value={f.category}
						onChange={(e) => set({ category: e.currentTarget.value })}
					>
						<option value="">{t.allCategories}</option>
						{categories.map((c) => (
							<option key={c} value={c} selected={c === f.category}>
								{plainly(c)}
							</option>
						))}
					</select>
				)}
				<select
					class="select"
					aria-label={t.access}
					value={f.access}
					onChange={(e) => set({ access: e.currentTarget.value })}
				>
					<option value="">{t.allAccess}</option>
					{(Object.keys(t.accesses) as Standing[]).map((s) => (
						<option key={s} value={s} selected={s === f.access}>
							{t.accesses[s]}
						</option>
					))}
				</select>
				<span class="mute small" role="status">
					{!offers.loading && !offers.next && t.found(count(rows.length))}
				</span>
			</div>
			{offers.problem ? (
				<Failed problem={offers.problem} again={offers.again} />
			) : offers.loading ? (
				<div class="offer-cards">
					{[1, 2, 3, 4, 5, 6].map((i) => (
						<div key={i} class="card offer-card">
							<Skeleton lines={5} />
						</div>
					))}
				</div>
			) : rows.length === 0 ? (
				first.whole && all.length === 0 ? (
					<Empty icon={Megaphone} title={t.empty}>
						{t.emptyHint}
					</Empty>
				) : (
					<Empty
						title={t.noneFit}
						action={<Button onClick={() => set({ q: "", category: "", access: "" })}>{t.showAll}</Button>}
					/>
				)
			) : (
				<>
					<div class="offer-cards">
						{rows.map((o) => (
							<OfferCard key={o.id} offer={o} onAsk={() => setAsking(o)} />
						))}
					</div>
					{offers.next && (
						<TableFoot shown={rows.length} next={offers.next} onMore={offers.more} busy={offers.busy} />
					)}
				</>
			)}
			{asking && <AskAccess offer={asking} onClose={() => setAsking(undefined)} />}
		</Page>
	);
}

function OfferCard({ offer: o, onAsk }: { offer: Offer; onAsk: () => void }) {
	const s = standing(o);
	return (
		<article class="card offer-card">
			<div class="row between">
				<span class="row tight">
					{o.category && <Badge>{o.category}</Badge>}
					{o.status === "paused" && <Badge tone="warn">{text.status.paused}</Badge>}
				</span>
				<Stands of={s} />
			</div>
			<div>
				<h2>
					<Link href={`/offers/${o.id}`}>{said(o.name)}</Link>
				</h2>
				<p class="earn num">{priceWords(o.payout, o.currency)}</p>
			</div>
			{o.description && (
				<p class="about">
					<Said of={o.description} lines />
				</p>
			)}
			<p class="mute small">{countriesOf(o)}</p>
			<div class="row foot">
				{s === "approved" && (
					<Go to={`/offers/${o.id}/links`} primary>
						<Link2 aria-hidden />
						{t.link}
					</Go>
				)}
				{s === "none" && may("write") && (
					<Button primary onClick={onAsk}>
						{t.ask}
					</Button>
				)}
				<Go to={`/offers/${o.id}`}>{t.details}</Go>
			</div>
		</article>
	);
}

/** From which countries visitors are taken. */
export function countriesOf(o: Offer): string {
	const taken = (o.targeting?.countries ?? []).map((c) => country(c.toUpperCase()));
	const not = (o.targeting?.except_countries ?? []).map((c) => country(c.toUpperCase()));
	if (taken.length > 0) return t.from(list(taken));
	return not.length > 0 ? t.fromAllBut(list(not)) : t.fromAll;
}

function list(words: string[]): string {
	return words.length > 6
		? `${words.slice(0, 5).join(", ")} ${t.andMore(words.length - 5)}`
		: words.join(", ");
}
