import { said } from "../../ui/said.tsx";
import "./trace.css";
import { Route as RouteIcon } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { ago, dateTime } from "../../lib/format.ts";
import { useUrlState } from "../../lib/url.ts";
import { pathOf, useSearch, useSlow } from "../../shell/find.tsx";
import { text } from "../../text/en.ts";
import { Badge } from "../../ui/bits.tsx";
import { TextField } from "../../ui/form.tsx";
import { Empty, Failed, Notice, Skeleton } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";

const t = text.trace;

/** Finds the trace of any ID, or of a part of one. */
export default function TraceSearch() {
	const [state, set] = useUrlState({ q: "" });
	const [typed, setTyped] = useState(state.q);
	const slow = useSlow(typed.trim(), 200);
	const [, go] = useLocation();
	useEffect(() => {
		if (slow !== state.q) set({ q: slow }, { replace: true });
	}, [slow]);
	const q = state.q;
	const found = useSearch(q, true);
	const { all } = found;
	return (
		<Page title={t.title} lead={t.searchLead}>
			<div class="stack">
				<form
					onSubmit={(e) => {
						e.preventDefault();
						if (all[0]) go(pathOf(all[0]));
					}}
				>
					<TextField
						label={t.searchLabel}
						hint={t.searchHint}
						value={typed}
						onValue={setTyped}
						type="search"
						code
						autoFocus
						placeholder="4g0t418hbavg04002f6tr5950y396sff"
					/>
				</form>
				{q.length < 2 && (
					<Card>
						<Empty icon={RouteIcon} title={t.emptyTitle}>
							{t.emptyBody}
						</Empty>
					</Card>
				)}
				{q.length > 1 && (
					<Card flush>
						{found.loading && (
							<div class="body">
								<Skeleton lines={3} />
							</div>
						)}
						{found.problem && !found.data && <Failed problem={found.problem} again={found.again} />}
						{found.data && all.length === 0 && <Empty title={t.nothing(q)}>{t.nothingHint}</Empty>}
						<ul>
							{all.map((f) => (
								<li key={`${f.kind}${f.id}`}>
									<Link href={pathOf(f)} class="found">
										<Badge>{f.kind}</Badge>
										<span class="grow break">
											<span class="strong">{said(f.title)}</span> <span class="mute">{said(f.detail)}</span>
										</span>
										{f.at && <span class="mute small nowrap">{ago(f.at)}</span>}
									</Link>
								</li>
							))}
						</ul>
					</Card>
				)}
				{found.data && !found.data.complete && (
					<Notice tone="warn">
						{t.unsearched}
						<ul>
							{found.data.unsearched.map((u, i) => (
								<li key={i}>
									{u.other_nodes
										? t.unsearchedNodes
										: t.unsearchedBy(
												u.by,
												u.before ? dateTime(u.before) : "",
												u.after ? dateTime(u.after) : "",
											)}
								</li>
							))}
						</ul>
					</Notice>
				)}
			</div>
		</Page>
	);
}
