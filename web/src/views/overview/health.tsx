import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { codeName } from "../../lib/codes.ts";
import { ago, count, span } from "../../lib/format.ts";
import { text } from "../../text/en.ts";
import { Go } from "../../ui/button.tsx";
import { Card } from "../../ui/page.tsx";
import type { Overview } from "./live.ts";

const t = text.overview.health;

type Line = { tone: "good" | "warn" | "bad"; say: ComponentChildren; to?: string };

// How long a thing may wait before it is worth a look.
const patience = 60_000;

function lines(h: Overview["health"]): Line[] {
	const all: Line[] = [];
	const late = (at?: string | null) => Boolean(at) && Date.now() - Date.parse(at as string) > patience;
	const u = h.unsettled;
	if (u) {
		all.push({
			tone: u.count === 0 ? "good" : late(u.oldest_at) ? "bad" : "warn",
			say: u.count === 0 ? t.settled : t.unsettled(u.count, ago(u.oldest_at)),
		});
	}
	const rejected = h.rejected.reduce((n, r) => n + r.count, 0);
	const first = h.rejected[0];
	all.push({
		tone: rejected === 0 ? "good" : "warn",
		say: first ? t.rejected(rejected, codeName(first.code), count(first.count)) : t.noneRejected,
		to: rejected > 0 ? "/signals" : undefined,
	});
	all.push({
		tone: h.failing === 0 ? "good" : "bad",
		say:
			h.failing === 0
				? t.destinationsWell
				: t.failing(h.failing, h.destinations.map((d) => d.host || d.name).join(", ")),
		to: h.failing > 0 ? "/destinations" : undefined,
	});
	const d = h.deliveries;
	all.push({
		tone: late(d.oldest_due_at) ? "warn" : "good",
		say: d.waiting === 0 ? t.nothingWaits : t.waiting(d.waiting, d.oldest_due_at ? ago(d.oldest_due_at) : ""),
		to: d.waiting > 0 ? "/deliveries?state=waiting" : undefined,
	});
	if (d.dead_24h > 0) all.push({ tone: "bad", say: t.dead(d.dead_24h), to: "/deliveries" });
	const lag = h.warehouse.lag_seconds;
	all.push(
		h.warehouse.as_of
			? { tone: lag > 30 ? "warn" : "good", say: lag < 10 ? t.upToDate : t.fresh(span(lag * 1000)) }
			: { tone: "good", say: t.noReports },
	);
	return all;
}

const icons = { good: CircleCheck, warn: TriangleAlert, bad: CircleAlert };

/** How everything stands, each line leading to where it can be mended. */
export function Health({ of }: { of: Overview["health"] }) {
	return (
		<Card title={t.title} flush>
			<ul class="health">
				{lines(of).map((l, i) => {
					const Icon = icons[l.tone];
					return (
						<li key={i}>
							<Icon class={l.tone} aria-label={t[l.tone]} />
							<span class="break">{l.say}</span>
							{l.to && (
								<Go small to={l.to}>
									{t.look}
								</Go>
							)}
						</li>
					);
				})}
			</ul>
		</Card>
	);
}
