import { Download as Icon } from "lucide-preact";
import { useState } from "preact/hooks";
import { nodeUrl } from "../lib/place.ts";
import { Problem, problemOf } from "../lib/problem.ts";
import { viewing } from "../lib/session.ts";
import { text } from "../text/en.ts";
import { Button } from "./button.tsx";
import { toast } from "./toast.tsx";

/** Gives the browser something to keep under a name. */
export function save(content: Blob, name: string): void {
	const a = document.createElement("a");
	a.href = URL.createObjectURL(content);
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}

/** Asks the API for a file and keeps it. */
export async function download(path: string, name: string): Promise<void> {
	const v = viewing.value;
	const got = await fetch(`${nodeUrl}${path}`, {
		credentials: "same-origin",
		headers: v ? { "Waybill-View-As": `${v.role}:${v.id}` } : {},
	});
	if (!got.ok) throw new Problem(got.status, await got.json().catch(() => undefined));
	save(await got.blob(), name);
}

type DownloadProps = {
	/** What is asked of the API, with its query. */
	path: string;
	/** The name of the file. */
	name: string;
	label: string;
	/** Why there is nothing to download. */
	disabled?: string;
	small?: boolean;
};

/** A button that downloads a file from the API. */
export function Download({ path, name, label, disabled, small }: DownloadProps) {
	const [busy, setBusy] = useState(false);
	const run = async () => {
		setBusy(true);
		try {
			await download(path, name);
			toast(text.common.downloaded(name));
		} catch (thrown) {
			toast(problemOf(thrown).message, { tone: "bad" });
		} finally {
			setBusy(false);
		}
	};
	return (
		<Button small={small} onClick={run} busy={busy} disabled={Boolean(disabled)} title={disabled}>
			{!busy && <Icon aria-hidden />}
			{label}
		</Button>
	);
}
