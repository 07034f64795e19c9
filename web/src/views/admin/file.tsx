// Choosing a file, and handing one out.
import { FileUp } from "lucide-preact";
import { useState } from "preact/hooks";
import { bytes } from "../../lib/format.ts";
import { text } from "../../text/en.ts";
import { Button } from "../../ui/button.tsx";

const t = text.admin.import;

/** Chooses a file, by hand or by dropping it. */
export function FileField({
	file,
	onFile,
	disabled,
}: {
	file: File | undefined;
	onFile: (file: File) => void;
	disabled?: boolean;
}) {
	const [over, setOver] = useState(false);
	return (
		<label
			class={`drop ${over ? "over" : ""}`}
			onDragOver={(e) => {
				e.preventDefault();
				setOver(true);
			}}
			onDragLeave={() => setOver(false)}
			onDrop={(e) => {
				e.preventDefault();
				setOver(false);
				const dropped = e.dataTransfer?.files[0];
				if (dropped && !disabled) onFile(dropped);
			}}
		>
			<FileUp aria-hidden />
			<span class="strong break">{file ? file.name : t.choose}</span>
			<span class="mute small">{file ? `${bytes(file.size)} · ${t.another}` : t.chooseHint}</span>
			<input
				type="file"
				class="visually-hidden"
				accept=".csv,.tsv,.txt,text/csv,text/plain,text/tab-separated-values"
				disabled={disabled}
				onChange={(e) => {
					const chosen = e.currentTarget.files?.[0];
					if (chosen) onFile(chosen);
					e.currentTarget.value = "";
				}}
			/>
		</label>
	);
}

/** Hands out a file that is made here. */
export function Download({ name, body, children }: { name: string; body: () => string; children: string }) {
	const save = () => {
		const url = URL.createObjectURL(new Blob([body()], { type: "text/csv" }));
		const a = document.createElement("a");
		a.href = url;
		a.download = name;
		a.click();
		setTimeout(() => URL.revokeObjectURL(url), 10_000);
	};
	return (
		<Button small onClick={save}>
			{children}
		</Button>
	);
}

/** Sends a file to the API as it is. */
export async function sendFile(url: string, file: File, signal: AbortSignal): Promise<Response> {
	return fetch(url, {
		method: "POST",
		body: file,
		signal,
		credentials: "same-origin",
		headers: { "Content-Type": "text/csv" },
	});
}
