import { useState } from "preact/hooks";
import { api, cache, type Schema, useRead } from "../../api/client.ts";
import { count } from "../../lib/format.ts";
import { nodeUrl } from "../../lib/place.ts";
import { Problem, problemOf } from "../../lib/problem.ts";
import { text } from "../../text/en.ts";
import { Badge } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { FileField } from "../../ui/file.tsx";
import { Empty, Failed, Notice } from "../../ui/notice.tsx";
import { Card } from "../../ui/page.tsx";
import { Table, TableFoot } from "../../ui/table.tsx";
import { Download, sendFile } from "./file.tsx";

const t = text.admin.import;
type Answer = Schema["IdMap"];

const sample = `kind,tune_id,waybill_id,url
offer,118,1,
affiliate,2045,1,
advertiser,77,1,
goal,310,1,
offer_url,12,1,https://shop.example.com/spring
`;

const tones = {
	added: "good",
	replaced: "info",
	unchanged: "mute",
	removed: "warn",
	refused: "bad",
} as const;

/** What TUNE's numbers mean here. */
export function ImportIds() {
	const [file, setFile] = useState<File>();
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem>();
	const [answer, setAnswer] = useState<Answer>();
	const [onlyRefused, setOnlyRefused] = useState(false);
	const known = useRead(["id_map"], (signal) =>
		api.GET("/api/v1/id_map", { params: { query: { limit: 200 } }, signal }),
	);
	const send = async (dry: boolean) => {
		if (!file) return;
		setBusy(true);
		setProblem(undefined);
		setAnswer(undefined);
		try {
			const r = await sendFile(
				`${nodeUrl}/api/v1/imports/id_map${dry ? "?dry_run=true" : ""}`,
				file,
				new AbortController().signal,
			);
			const body = await r.json().catch(() => undefined);
			if (!r.ok) throw new Problem(r.status, body);
			setAnswer(body as Answer);
			if (!dry) void cache.invalidateQueries({ queryKey: ["id_map"] });
		} catch (thrown) {
			setProblem(problemOf(thrown));
		} finally {
			setBusy(false);
		}
	};
	const rows = (answer?.outcomes ?? []).filter((l) => !onlyRefused || l.outcome === "refused");
	return (
		<div class="imports">
			<Card
				title={t.file}
				actions={
					<Download name="id_map.csv" body={() => sample}>
						{t.sample}
					</Download>
				}
			>
				<div class="stack">
					<p class="mute">{t.idsLead}</p>
					<FileField
						hint={t.chooseHint}
						file={file}
						disabled={busy}
						onFile={(f) => {
							setFile(f);
							setAnswer(undefined);
							setProblem(undefined);
						}}
					/>
					<p class="mute small">{t.idsHint}</p>
					{file && (
						<div class="row">
							<Button primary={!answer} busy={busy} onClick={() => void send(true)}>
								{t.check}
							</Button>
							<span class="mute small">{t.checkHint}</span>
						</div>
					)}
					{problem && (
						<Notice tone="bad" live>
							{problem.message}
						</Notice>
					)}
				</div>
			</Card>
			{answer && (
				<Card
					title={answer.dry_run ? t.wouldBecome : t.became}
					actions={
						answer.refused > 0 && (
							<Button small aria-pressed={onlyRefused} onClick={() => setOnlyRefused(!onlyRefused)}>
								{t.onlyRefused}
							</Button>
						)
					}
				>
					<div class="stack" role="status">
						<div class="counts">
							{(["lines", "added", "replaced", "unchanged", "removed", "refused"] as const)
								.filter((k, i) => i < 2 || answer[k] > 0)
								.map((k) => (
									<span key={k}>
										<span class={`value ${k === "refused" ? "bad" : ""}`}>{count(answer[k])}</span>
										<span class="mute small">{t.idCounts[k]}</span>
									</span>
								))}
						</div>
						{answer.stopped && <Notice tone="bad">{answer.stopped}</Notice>}
						{answer.dry_run && (
							<div>
								<Button
									primary
									busy={busy}
									disabled={answer.added + answer.replaced + answer.removed === 0}
									onClick={() => void send(false)}
								>
									{t.takeIds(count(answer.added + answer.replaced + answer.removed))}
								</Button>
							</div>
						)}
						<Table
							caption={t.outcomes}
							height="420px"
							columns={[
								{
									key: "line",
									head: t.line,
									width: 80,
									cell: (l) => <span class="num">{count(l.line)}</span>,
								},
								{ key: "kind", head: t.kind, width: 110, cell: (l) => l.kind },
								{ key: "tune", head: t.tuneId, width: 110, cell: (l) => <code>{l.tune_id}</code> },
								{
									key: "here",
									head: t.here,
									width: 110,
									cell: (l) => (l.waybill_id ? <code>{l.waybill_id}</code> : <span class="mute">–</span>),
								},
								{
									key: "outcome",
									head: t.outcome,
									width: 130,
									cell: (l) => (
										<Badge tone={tones[l.outcome as keyof typeof tones] ?? "mute"}>
											{t.idCounts[l.outcome as keyof typeof t.idCounts] ?? l.outcome}
										</Badge>
									),
								},
								{
									key: "message",
									head: t.message,
									wrap: true,
									width: 360,
									cell: (l) => l.message ?? l.url ?? "",
								},
							]}
							rows={rows}
							rowKey={(l) => l.line}
						/>
					</div>
				</Card>
			)}
			<Card flush title={t.known}>
				{known.problem && !known.data ? (
					<Failed problem={known.problem} again={known.again} />
				) : (
					<>
						<Table
							caption={t.known}
							columns={[
								{ key: "kind", head: t.kind, cell: (m) => m.kind },
								{ key: "tune", head: t.tuneId, end: true, cell: (m) => m.tune_id },
								{ key: "here", head: t.here, end: true, cell: (m) => m.waybill_id },
								{ key: "url", head: t.url, wrap: true, cell: (m) => m.url ?? "" },
							]}
							rows={known.data?.data ?? []}
							rowKey={(m) => `${m.kind} ${m.tune_id}`}
							loading={known.loading}
							empty={<Empty title={t.noneKnown}>{t.noneKnownHint}</Empty>}
						/>
						{(known.data?.data.length ?? 0) > 0 && (
							<TableFoot shown={known.data?.data.length ?? 0}>
								{known.data?.next_cursor && <span>{t.moreKnown}</span>}
							</TableFoot>
						)}
					</>
				)}
			</Card>
		</div>
	);
}
