import { MoreHorizontal, Pause, Play } from "lucide-preact";
import type { ComponentType } from "preact";
import { lazy, Suspense } from "preact/compat";
import { useParams } from "wouter-preact";
import { api, useRead } from "../../api/client.ts";
import { type Tagged, tagged } from "../../api/record.ts";
import { may, type Side, side } from "../../lib/session.ts";
import { text } from "../../text/en.ts";
import { Status } from "../../ui/bits.tsx";
import { Button, Go } from "../../ui/button.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Empty, Failed, Skeleton } from "../../ui/notice.tsx";
import { Page, TabLinks } from "../../ui/page.tsx";
import { OfferAccess } from "./offer/access.tsx";
import { OfferAttribution } from "./offer/attribution.tsx";
import { OfferCaps } from "./offer/caps.tsx";
import { OfferDetails } from "./offer/details.tsx";
import { OfferGoals } from "./offer/goals.tsx";
import { OfferOverview } from "./offer/overview.tsx";
import { OfferPayouts } from "./offer/payouts.tsx";
import { OfferTargeting } from "./offer/targeting.tsx";
import { statusItems, useOfferStatus } from "./offerstatus.tsx";
import "./setup.css";
import type { Offer as OfferRecord } from "./types.ts";

const t = text.setup.offer;
const OfferLinks = lazy(() => import("../links/offerlinks.tsx"));
const Integration = lazy(() => import("../integration/integration.tsx"));

type Part = { id: string; sides: Side[]; view: ComponentType<{ record: Tagged<OfferRecord> }> };

const later = (View: ComponentType<{ offerId: number }>) =>
	function Later({ record }: { record: Tagged<OfferRecord> }) {
		return (
			<Suspense fallback={<Skeleton lines={6} />}>
				<View offerId={record.value.id ?? 0} />
			</Suspense>
		);
	};

const parts: Part[] = [
	{ id: "overview", sides: ["network", "advertiser", "affiliate"], view: OfferOverview },
	{ id: "details", sides: ["network"], view: OfferDetails },
	{ id: "goals", sides: ["network", "advertiser", "affiliate"], view: OfferGoals },
	{ id: "payouts", sides: ["network"], view: OfferPayouts },
	{ id: "caps", sides: ["network"], view: OfferCaps },
	{ id: "targeting", sides: ["network"], view: OfferTargeting },
	{ id: "attribution", sides: ["network", "advertiser"], view: OfferAttribution },
	{ id: "access", sides: ["network"], view: OfferAccess },
	{ id: "links", sides: ["network", "affiliate"], view: later(OfferLinks) },
	{ id: "integration", sides: ["network", "advertiser"], view: later(Integration) },
];

/** One offer, in parts that are pages of their own. */
export default function Offer() {
	const { id = "", tab = "overview" } = useParams<{ id: string; tab?: string }>();
	const number = Number(id);
	const known = /^\d+$/.test(id);
	const record = useRead(
		["offers", id, "record"],
		(signal) => tagged(api.GET("/api/v1/offers/{id}", { params: { path: { id: number } }, signal })),
		{ enabled: known, keep: false },
	);
	const setStatus = useOfferStatus();
	const crumbs = [
		{ label: side.value === "affiliate" ? text.nav.findOffers : text.nav.offers, to: "/offers" },
	];
	if (!known || (record.problem && !record.data)) {
		return (
			<Page title={t.one} crumbs={crumbs}>
				{record.problem ? (
					<Failed problem={record.problem} again={record.again} />
				) : (
					<Empty title={text.app.lost} action={<Go to="/offers">{t.all}</Go>}>
						{text.app.lostHint}
					</Empty>
				)}
			</Page>
		);
	}
	const mine = parts.filter((p) => p.sides.includes(side.value));
	const part = mine.find((p) => p.id === tab);
	const path = (of: string) => (of === "overview" ? `/offers/${id}` : `/offers/${id}/${of}`);
	const o = record.data?.value;
	const write = side.value === "network" && may("write");
	return (
		<Page
			title={o?.name ?? t.one}
			crumbs={crumbs}
			lead={
				o && (
					<span class="row">
						<Status of={o.status ?? "active"} />
						<span class="num">#{o.id}</span>
					</span>
				)
			}
			actions={
				o &&
				write && (
					<>
						{o.status === "active" ? (
							<Button onClick={() => void setStatus(o, "paused")}>
								<Pause aria-hidden />
								{t.pause}
							</Button>
						) : (
							<Button primary onClick={() => void setStatus(o, "active")}>
								<Play aria-hidden />
								{t.activate}
							</Button>
						)}
						<Menu label={t.more} items={statusItems(o, setStatus).slice(2)}>
							<MoreHorizontal aria-hidden />
						</Menu>
					</>
				)
			}
		>
			<TabLinks
				label={t.parts}
				at={path(tab)}
				tabs={mine.map((p) => ({ to: path(p.id), label: t.tabs[p.id as keyof typeof t.tabs] }))}
			/>
			{part === undefined ? (
				<Empty title={text.app.lost} action={<Go to={path("overview")}>{t.tabs.overview}</Go>}>
					{text.app.lostHint}
				</Empty>
			) : record.data ? (
				<part.view key={`${id} ${part.id}`} record={record.data} />
			) : (
				<Skeleton lines={8} />
			)}
		</Page>
	);
}
