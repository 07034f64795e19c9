// Files that are handed out and sent.
import { Button } from "../../ui/button.tsx";

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
