// Approving and declining affiliates. It takes effect at once; undone, each is what
// it was before, with the note it had.
import { api, cache, read, type Schema } from "../../api/client.ts";
import { plural } from "../../lib/format.ts";
import { problemOf } from "../../lib/problem.ts";
import { text } from "../../text/en.ts";
import { toast } from "../../ui/toast.tsx";

const t = text.setup.access;

/** One affiliate at one offer, and how it stands there; without a status it never asked. */
export type Pair = Pick<Schema["Access"], "offer_id" | "affiliate_id" | "decision_note"> & {
	status?: Schema["Access"]["status"];
};

/** What is decided of a pair. */
export type Verdict = "approved" | "rejected";

/** Decides of affiliates, and offers to undo it. */
export async function decide(pairs: Pair[], verdict: Verdict, note = ""): Promise<void> {
	const done = await each(pairs, (p) => put(p, verdict, note.trim()));
	if (done.length === 0) return;
	// One that never asked has nothing to go back to; it is declined like any other.
	const back = done.every((p) => p.status !== undefined) && (() => void undo(done, verdict));
	toast(plural(done.length, t.decided[verdict]), back ? { undo: back } : {});
}

async function undo(pairs: Pair[], verdict: Verdict): Promise<void> {
	const done = await each(pairs, (p) =>
		put(p, p.status ?? "requested", p.status === "requested" ? "" : (p.decision_note ?? "")),
	);
	if (done.length > 0) toast(plural(done.length, t.undone[verdict]));
}

const put = (p: Pair, status: Schema["Access"]["status"], note: string) =>
	read(
		api.PATCH("/api/v1/offers/{id}/access/{affiliate_id}", {
			params: { path: { id: p.offer_id, affiliate_id: p.affiliate_id } },
			body: { status, note: note || undefined },
		}),
	);

// each does something with every pair, tells of those where it failed, and gives the
// others.
async function each(pairs: Pair[], act: (p: Pair) => Promise<unknown>): Promise<Pair[]> {
	const results = await Promise.allSettled(pairs.map(act));
	await cache.invalidateQueries({ queryKey: ["access"] });
	void cache.invalidateQueries({ queryKey: ["offers"] });
	const failed = results.filter((r) => r.status === "rejected");
	if (failed[0]) toast(t.failed(failed.length, problemOf(failed[0].reason).message), { tone: "bad" });
	return pairs.filter((_, i) => results[i]?.status === "fulfilled");
}
