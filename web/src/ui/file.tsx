import { FileUp } from "lucide-preact";
import { useState } from "preact/hooks";
import { bytes, dateTime } from "../lib/format.ts";
import { text } from "../text/en.ts";
import "./fields.css";
import { said } from "./said.tsx";

const t = text.fields;

type FileFieldProps = {
	file: File | undefined;
	onFile: (file: File) => void;
	/** What is expected of the file, while there is none. */
	hint: string;
	/** What it is called, where what stands in it does not tell. */
	label?: string;
	disabled?: boolean;
};

/** Chooses a table of text, by hand or by dropping it. */
export function FileField({ file, onFile, hint, label, disabled }: FileFieldProps) {
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
			<span class="strong break">{file ? said(file.name) : t.chooseFile}</span>
			<span class="small mute">
				{file ? `${bytes(file.size)} · ${dateTime(new Date(file.lastModified))} · ${t.anotherFile}` : hint}
			</span>
			<input
				type="file"
				class="visually-hidden"
				aria-label={label}
				accept=".csv,.tsv,.txt,text/csv,text/plain,text/tab-separated-values"
				disabled={disabled}
				onChange={(e) => {
					const chosen = e.currentTarget.files?.[0];
					if (chosen) onFile(chosen);
					e.currentTarget.value = ""; // the same one may be chosen again
				}}
			/>
		</label>
	);
}
