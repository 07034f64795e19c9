// Sending one test, and what came back.
import { useEffect, useState } from "preact/hooks";
import { api, type Schema, useChange } from "../../api/client.ts";
import { text } from "../../text/en.ts";
import { Code } from "../../ui/bits.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Failed, Notice, Skeleton } from "../../ui/notice.tsx";
import { Facts } from "../../ui/page.tsx";
import { said } from "../../ui/said.tsx";
import type { Postback } from "./draft.ts";
import { indented, SourceField, Wire } from "./preview.tsx";

const t = text.postbacks.test;

/** Sends a test when it opens, and again when asked. */
export function TestDialog({
	postback,
	source,
	onSource,
	onClose,
}: {
	postback: Postback & { id: number };
	source: string;
	onSource: (source: string) => void;
	onClose: () => void;
}) {
	const [got, setGot] = useState<Schema["Attempt"]>();
	const send = useChange(
		(from: string) =>
			api.POST("/api/v1/postbacks/{id}/test", {
				params: { path: { id: postback.id } },
				body: from ? { conversion_id: from } : {},
			}),
		{ quiet: true },
	);
	const again = async () => {
		setGot(undefined);
		setGot(await send.run(source));
	};
	useEffect(() => {
		void again();
	}, []);
	return (
		<Dialog
			wide
			title={t.title}
			onClose={onClose}
			footer={
				<>
					<Button onClick={onClose}>{text.common.close}</Button>
					<Button primary busy={send.busy} onClick={again}>
						{t.again}
					</Button>
				</>
			}
		>
			<SourceField of={postback} value={source} onValue={onSource} />
			<div aria-live="polite" class="stack">
				{send.problem && <Failed problem={send.problem} />}
				{got ? <Attempt of={got} /> : send.busy && <Skeleton lines={6} />}
			</div>
			<p class="small mute">{t.note}</p>
		</Dialog>
	);
}

// What the API says within a sentence stands alone here.
const sentence = (s: string) => s.charAt(0).toUpperCase() + s.slice(1);

/** One attempt: what it means, what was sent, and what came back. */
export function Attempt({ of }: { of: Schema["Attempt"] }) {
	return (
		<>
			{of.error ? (
				<Notice tone="bad">
					<p class="strong">{said(sentence(of.detail || t.failed))}</p>
					{of.hint && <p>{said(of.hint)}</p>}
				</Notice>
			) : (
				<Notice tone="good">{t.delivered(String(of.status ?? ""), of.took)}</Notice>
			)}
			<section class="stack tight" aria-label={t.answer}>
				<h3>{t.answer}</h3>
				{of.status ? (
					<>
						<Facts
							of={[
								[t.status, of.status],
								[t.took, of.took],
							]}
						/>
						{of.body ? (
							<Code of={indented(of.body)} wrap label={t.body} />
						) : (
							<p class="mute">{t.emptyAnswer}</p>
						)}
					</>
				) : (
					<p class="mute">{t.noAnswer}</p>
				)}
			</section>
			<section class="stack tight" aria-label={t.request}>
				<h3>{t.request}</h3>
				<Wire of={{ method: of.method, url: of.url, headers: of.request_headers, body: of.request_body }} />
			</section>
		</>
	);
}
