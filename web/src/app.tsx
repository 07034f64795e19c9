import { LoaderCircle } from "lucide-preact";
import { Component, type ComponentChildren, type ComponentType } from "preact";
import { lazy, Suspense } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import { matchRoute, Route, Switch, useLocation, useRouter } from "wouter-preact";
import { renewMe } from "./api/client.ts";
import { type Problem, problemOf } from "./lib/problem.ts";
import { me } from "./lib/session.ts";
import { Shell } from "./shell/shell.tsx";
import { text } from "./text/en.ts";
import { Button, Go } from "./ui/button.tsx";
import { Questions } from "./ui/dialog.tsx";
import { Empty, Failed } from "./ui/notice.tsx";
import { Page } from "./ui/page.tsx";
import { Toasts } from "./ui/toast.tsx";
import Confirmed, { Confirming } from "./views/auth/confirm.tsx";
import { Login } from "./views/auth/login.tsx";

// biome-ignore lint/suspicious/noExplicitAny: what a page takes from its address it reads by itself
type View = () => Promise<{ default: ComponentType<any> }>;

// Every page by its address. A page is loaded when it is first shown; what stands
// behind :id is read by the page itself (useParams).
const pages: [string, View][] = [
	["/", () => import("./views/overview/overview.tsx")],
	["/reports", () => import("./views/reports/reports.tsx")],
	["/trace", () => import("./views/trace/search.tsx")],
	["/trace/:id", () => import("./views/trace/trace.tsx")],
	["/clicks", () => import("./views/lists/clicks.tsx")],
	["/impressions", () => import("./views/lists/clicks.tsx")],
	["/conversions", () => import("./views/lists/conversions.tsx")],
	["/conversions/:id", () => import("./views/lists/conversion.tsx")],
	["/signals", () => import("./views/lists/signals.tsx")],
	["/signals/:id", () => import("./views/lists/signal.tsx")],
	["/deliveries", () => import("./views/lists/deliveries.tsx")],
	["/deliveries/dead", () => import("./views/lists/deliveries.tsx")],
	["/deliveries/:id", () => import("./views/lists/delivery.tsx")],
	["/destinations", () => import("./views/lists/destinations.tsx")],
	["/discrepancies", () => import("./views/work/discrepancies.tsx")],
	["/reconciliation", () => import("./views/work/reconciliation.tsx")],
	["/reconciliation/:id", () => import("./views/work/reconciled.tsx")],
	["/balances", () => import("./views/work/balances.tsx")],
	["/payouts", () => import("./views/money/payouts.tsx")],
	["/payouts/:id", () => import("./views/money/payout.tsx")],
	["/adjustments", () => import("./views/money/adjustments.tsx")],
	["/access", () => import("./views/setup/access.tsx")],
	["/offers", () => import("./views/setup/offers.tsx")],
	["/offers/:id", () => import("./views/setup/offer.tsx")],
	["/offers/:id/:tab", () => import("./views/setup/offer.tsx")],
	["/advertisers", () => import("./views/setup/advertisers.tsx")],
	["/advertisers/:id", () => import("./views/setup/advertiser.tsx")],
	["/affiliates", () => import("./views/setup/affiliates.tsx")],
	["/affiliates/:id", () => import("./views/setup/affiliate.tsx")],
	["/links", () => import("./views/links/links.tsx")],
	["/postbacks", () => import("./views/postbacks/postbacks.tsx")],
	["/postbacks/:id", () => import("./views/postbacks/postback.tsx")],
	["/coupons", () => import("./views/admin/coupons.tsx")],
	["/domains", () => import("./views/admin/domains.tsx")],
	["/import", () => import("./views/admin/import.tsx")],
	["/keys", () => import("./views/admin/keys.tsx")],
	["/settings", () => import("./views/admin/settings.tsx")],
	["/users", () => import("./views/admin/users.tsx")],
	["/audit", () => import("./views/admin/audit.tsx")],
	["/account", () => import("./views/auth/account.tsx")],
];

const routes = pages.map(([path, load]) => ({ path, view: lazy(load) }));
const OneTimeLink = lazy(() => import("./views/auth/link.tsx"));
const Shared = lazy(() => import("./views/trace/shared.tsx"));

/** The whole console. */
export function App() {
	return (
		<Guard>
			<Suspense fallback={<Wait />}>
				<Switch>
					<Route path="/link" component={OneTimeLink} />
					<Route path="/shared" component={Shared} />
					<Route path="/confirmed" component={Confirmed} />
					<Route>
						<Inside />
					</Route>
				</Switch>
			</Suspense>
			<Questions />
			<Confirming />
			<Toasts />
		</Guard>
	);
}

// Inside is what only those see who are signed in.
function Inside() {
	const [problem, setProblem] = useState<Problem>();
	const ask = () => {
		setProblem(undefined);
		renewMe().catch((thrown) => {
			const p = problemOf(thrown);
			if (p.status === 401) me.value = null;
			else setProblem(p);
		});
	};
	useEffect(() => {
		if (me.value === undefined) ask();
	}, [me.value]);
	usePreloaded();
	if (problem) return <Failed problem={problem} again={ask} />;
	if (me.value === undefined) return <Wait />;
	if (me.value === null) return <Login />;
	return (
		<Shell>
			<Pages />
		</Shell>
	);
}

// The page that the address names is loaded while it is being asked who is there.
function usePreloaded() {
	const { parser } = useRouter();
	const [path] = useLocation();
	useEffect(() => {
		const page = pages.find(([pattern]) => matchRoute(parser, pattern, path)[0]);
		page?.[1]().catch(() => {}); // what cannot be loaded is told where it is shown
	}, []);
}

function Pages() {
	const [path] = useLocation();
	return (
		<Guard at={path}>
			<Suspense fallback={<Wait />}>
				<Switch>
					{routes.map((r) => (
						<Route key={r.path} path={r.path} component={r.view} />
					))}
					<Route>
						<Page title={text.app.lost}>
							<Empty title={text.app.lostHint} action={<Go to="/">{text.app.home}</Go>} />
						</Page>
					</Route>
				</Switch>
			</Suspense>
		</Guard>
	);
}

function Wait() {
	return (
		<div class="gate" role="status" aria-label={text.common.loading}>
			<LoaderCircle class="spin mute" aria-hidden />
		</div>
	);
}

// Guard keeps a page that breaks from taking the rest with it.
class Guard extends Component<{ at?: string; children: ComponentChildren }, { broken?: unknown }> {
	override state: { broken?: unknown } = {};
	static override getDerivedStateFromError(broken: unknown) {
		return { broken };
	}
	override componentDidCatch(broken: unknown) {
		console.error(broken);
	}
	override componentDidUpdate(before: { at?: string }) {
		if (before.at !== this.props.at && this.state.broken !== undefined) this.setState({ broken: undefined });
	}
	override render() {
		if (this.state.broken === undefined) return this.props.children;
		return (
			<Page title={text.app.broken}>
				<Empty
					title={text.app.brokenHint}
					action={<Button onClick={() => location.reload()}>{text.app.reload}</Button>}
				/>
			</Page>
		);
	}
}
