// The dialog by which many postbacks are delivered again, or withdrawn.
import { api, type Schema, useChange, useRead } from "../../api/client.ts";
import { plural } from "../../lib/format.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Notice, Read, Skeleton } from "../../ui/notice.tsx";
import { toast } from "../../ui/toast.tsx";

const t = text.lists.bulk;

/** What may be done with many postbacks. */
export type Action = "replay" | "withdraw";

/** Which postbacks are meant. */
export type BulkFilter = Omit<Schema["DeliveryBulk"], "dry_run">;

const ask = (action: Action, body: Schema["DeliveryBulk"], signal?: AbortSignal) =>
	action === "replay"
		? api.POST("/api/v1/deliveries/replay", { body, signal })
		: api.POST("/api/v1/deliveries/withdraw", { body, signal });

/** Puts back what a job has changed and what was not sent since. */
export const undoJob = (id: string) =>
	api.POST("/api/v1/deliveries/replays/{id}/undo", { params: { path: { id } } });

type DialogProps = { action: Action; title: string; filter: BulkFilter; onClose: () => void };

/** Counts which fit, and begins a job on them. */
export function BulkDialog({ action, title, filter, onClose }: DialogProps) {
	const would = useRead(
		["counting", action, JSON.stringify(filter)],
		(signal) => ask(action, { ...filter, dry_run: true }, signal),
		{ keep: false },
	);
	const total = would.data?.total ?? 0;
	const begin = useChange(() => ask(action, { ...filter, dry_run: false }), {
		touches: ["jobs", "deliveries", "destinations", "overview"],
	});
	const back = useChange((id: string) => undoJob(id), { touches: ["jobs", "deliveries", "destinations"] });
	const run = async () => {
		const job = await begin.run();
		if (!job) return;
		onClose();
		if ("id" in job) toast(plural(job.total, t.begun[action]), { undo: () => void back.run(job.id) });
	};
	return (
		<Dialog
			title={title}
			onClose={onClose}
			onSubmit={run}
			footer={
				<>
					<Button onClick={onClose}>{text.common.cancel}</Button>
					<Button primary type="submit" disabled={total === 0} busy={begin.busy}>
						{total === 0 ? t.plain[action] : plural(total, t.yes[action])}
					</Button>
				</>
			}
		>
			<Read of={would} wait={<Skeleton lines={2} />}>
				{() =>
					total === 0 ? (
						<Notice>{t.none}</Notice>
					) : (
						<>
							<p>{plural(total, t.would[action])}</p>
							<p class="mute small">{t.hint[action]}</p>
						</>
					)
				}
			</Read>
		</Dialog>
	);
}
