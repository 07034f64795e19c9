import "./trace.css";
import { useEffect, useState } from "preact/hooks";
import { api, read, type Schema } from "../../api/client.ts";
import { dateTime } from "../../lib/format.ts";
import { type Problem, problemOf } from "../../lib/problem.ts";
import type { Side } from "../../lib/session.ts";
import { Brand } from "../../shell/shell.tsx";
import { text } from "../../text/en.ts";
import { Failed, Skeleton } from "../../ui/notice.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Hops } from "./hops.tsx";
import { Steps } from "./steps.tsx";

const t = text.trace;

/** A trace that was shared: seen without an account, as the partner's side sees it. */
export default function Shared() {
	const [trace, setTrace] = useState<Schema["SharedTrace"]>();
	const [problem, setProblem] = useState<Problem>();
	useEffect(() => {
		// The token stands behind the #, and goes in a header: no log ever sees it.
		const token = location.hash.slice(1);
		read(api.GET("/api/v1/shared", { headers: { "Waybill-Share": token } })).then(setTrace, (e) =>
			setProblem(problemOf(e)),
		);
	}, []);
	return (
		<div class="main">
			<header>
				<Brand />
			</header>
			<main>
				<Page title={t.sharedTitle} lead={trace && t.sharedLead(trace.as, dateTime(trace.expires_at))}>
					{problem && <Failed problem={problem} />}
					{!trace && !problem && <Skeleton lines={8} />}
					{trace && (
						<div class="stack">
							<Card title={t.chain} flush>
								<Hops of={trace.hops} />
							</Card>
							<Card title={t.steps(trace.steps.length)} flush>
								<Steps steps={trace.steps} reader={{ side: trace.as as Side, named: false }} />
							</Card>
						</div>
					)}
				</Page>
			</main>
		</div>
	);
}
