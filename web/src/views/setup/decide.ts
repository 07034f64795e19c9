// Approving and rejecting affiliates. A decision takes effect at once and cannot be
// unheard by whoever was told of it, so it is sent only once the time to take it
// back is over: when the toast is gone, or the page is left.
import { signal } from "@preact/signals";
import { api, cache, read } from "../../api/client.ts";
import { plural } from "../../lib/format.ts";
import { problemOf } from "../../lib/problem.ts";
import { text } from "../../text/en.ts";
import { toast } from "../../ui/toast.tsx";

const t = text.setup.access;

/** One affiliate at one offer. */
export type Pair = { offer_id: number; affiliate_id: number };

/** What is decided of a pair. */
export type Verdict = "approved" | "rejected";

type Waiting = Pair & { verdict: Verdict; note: string };

/** Decisions that can still be taken back. */
export const waiting = signal<Waiting[]>([]);

/** What is about to become of a pair. */
export const about = (p: Pair): Verdict | undefined =>
	waiting.value.find((w) => w.offer_id === p.offer_id && w.affiliate_id === p.affiliate_id)?.verdict;

const timeToUndo = 10_300;

/** Decides of affiliates; for ten seconds it can be taken back. */
export function decide(pairs: Pair[], verdict: Verdict, note: string): void {
	const mine: Waiting[] = pairs.map((p) => ({
		offer_id: p.offer_id,
		affiliate_id: p.affiliate_id,
		verdict,
		note: note.trim(),
	}));
	waiting.value = [...waiting.value, ...mine];
	const drop = () => {
		clearTimeout(timer);
		removeEventListener("pagehide", leave);
		waiting.value = waiting.value.filter((w) => !mine.includes(w));
	};
	const send = async () => {
		clearTimeout(timer);
		removeEventListener("pagehide", leave);
		const failed = await sendAll(mine);
		await cache.invalidateQueries({ queryKey: ["access"] });
		void cache.invalidateQueries({ queryKey: ["offers"] });
		waiting.value = waiting.value.filter((w) => !mine.includes(w));
		if (failed) toast(t.failed(failed.count, failed.message), { tone: "bad" });
	};
	const leave = () => void send();
	const timer = setTimeout(() => void send(), timeToUndo);
	addEventListener("pagehide", leave);
	toast(plural(mine.length, t.decided[verdict]), { undo: drop });
}

async function sendAll(all: Waiting[]): Promise<{ count: number; message: string } | undefined> {
	const failures = await Promise.all(
		all.map(async (w) => {
			try {
				await read(
					api.PATCH("/api/v1/offers/{id}/access/{affiliate_id}", {
						params: { path: { id: w.offer_id, affiliate_id: w.affiliate_id } },
						body: { status: w.verdict, note: w.note || undefined },
						keepalive: true,
					}),
				);
				return "";
			} catch (thrown) {
				return problemOf(thrown).message;
			}
		}),
	);
	const told = failures.filter(Boolean);
	return told[0] ? { count: told.length, message: told[0] } : undefined;
}
