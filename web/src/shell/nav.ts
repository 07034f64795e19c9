// What the console has, and for whom.
import {
	Activity,
	ArrowLeftRight,
	BadgePercent,
	Banknote,
	Building2,
	ChartNoAxesCombined,
	CircleDollarSign,
	ClipboardCheck,
	DoorOpen,
	FileUp,
	Globe,
	KeyRound,
	LayoutDashboard,
	Link2,
	type LucideIcon,
	MailX,
	Megaphone,
	MousePointerClick,
	Radio,
	Route,
	Scale,
	ScrollText,
	Send,
	Settings,
	ShieldAlert,
	UserCog,
	Users,
	Wallet,
} from "lucide-preact";
import { may, type Right, type Side, side } from "../lib/session.ts";
import { text } from "../text/en.ts";

type Entry = { to: string; label: string; icon: LucideIcon; sides?: Side[]; right?: Right };
type Part = { title: string; entries: Entry[] };

const t = text.nav;
const network: Side[] = ["network"];

const parts: Part[] = [
	{
		title: t.watch,
		entries: [
			{ to: "/", label: t.overview, icon: LayoutDashboard },
			{ to: "/reports", label: t.reports, icon: ChartNoAxesCombined },
			{ to: "/trace", label: t.trace, icon: Route },
		],
	},
	{
		title: t.money,
		entries: [
			{ to: "/balances", label: t.balances, icon: Wallet },
			{ to: "/payouts", label: t.payouts, icon: Banknote, sides: ["network", "affiliate"] },
			{ to: "/adjustments", label: t.adjustments, icon: Scale, sides: ["network", "affiliate"] },
			{ to: "/adjustments", label: t.payments, icon: Scale, sides: ["advertiser"] },
		],
	},
	{
		title: t.work,
		entries: [
			{ to: "/clicks", label: t.clicks, icon: MousePointerClick },
			{ to: "/conversions", label: t.conversions, icon: CircleDollarSign },
			{ to: "/signals", label: t.signals, icon: ShieldAlert },
			{ to: "/deliveries", label: t.deliveries, icon: MailX },
			{ to: "/destinations", label: t.destinations, icon: Radio },
			{
				to: "/discrepancies",
				label: t.discrepancies,
				icon: ArrowLeftRight,
				sides: ["network", "advertiser"],
			},
			{ to: "/reconciliation", label: t.reconciliation, icon: ClipboardCheck },
			{ to: "/access", label: t.access, icon: DoorOpen, sides: network },
		],
	},
	{
		title: t.setup,
		entries: [
			{ to: "/offers", label: t.offers, icon: Megaphone, sides: ["network", "advertiser"] },
			{ to: "/offers", label: t.findOffers, icon: Megaphone, sides: ["affiliate"] },
			{ to: "/advertisers", label: t.advertisers, icon: Building2, sides: network },
			{ to: "/affiliates", label: t.affiliates, icon: Users, sides: network },
			{ to: "/links", label: t.links, icon: Link2, sides: ["network", "affiliate"] },
			{ to: "/postbacks", label: t.postbacks, icon: Send },
			{ to: "/coupons", label: t.coupons, icon: BadgePercent, sides: network },
			{ to: "/domains", label: t.domains, icon: Globe, sides: network, right: "administer" },
			{ to: "/import", label: t.import, icon: FileUp, sides: ["network", "advertiser"], right: "write" },
		],
	},
	{
		title: t.team,
		entries: [
			{ to: "/users", label: t.users, icon: UserCog, sides: network, right: "invite" },
			{ to: "/keys", label: t.keys, icon: KeyRound, sides: network, right: "administer" },
			{ to: "/audit", label: t.audit, icon: ScrollText, sides: network, right: "audit" },
			{ to: "/settings", label: t.settings, icon: Settings, sides: network, right: "administer" },
		],
	},
];

/** The parts of the menu that are for whoever is signed in. */
export function menu(): Part[] {
	return parts
		.map((p) => ({
			...p,
			entries: p.entries.filter(
				(e) => (e.sides ?? [side.value]).includes(side.value) && (!e.right || may(e.right)),
			),
		}))
		.filter((p) => p.entries.length > 0);
}

/** The icon of what is alive. */
export const Live = Activity;
