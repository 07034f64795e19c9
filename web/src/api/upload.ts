// Sending a file, told how far it has come.
import { nodeUrl } from "../lib/place.ts";
import { Problem } from "../lib/problem.ts";
import { me } from "../lib/session.ts";

type Upload = {
	/** The path of the API with its query. */
	path: string;
	file: Blob;
	type: string;
	/** How much of it was sent, from 0 to 1. */
	onSent?: (share: number) => void;
	signal?: AbortSignal;
};

/** Sends a file and gives the answer; throws a Problem, or an AbortError. */
export function upload<T>({ path, file, type, onSent, signal }: Upload): Promise<T> {
	return new Promise((resolve, reject) => {
		const x = new XMLHttpRequest();
		x.open("POST", `${nodeUrl}${path}`);
		x.setRequestHeader("Content-Type", type);
		x.responseType = "text";
		x.upload.onprogress = (e) => onSent?.(e.total > 0 ? e.loaded / e.total : 1);
		x.onload = () => {
			const body = parsed(x.responseText);
			if (x.status === 401 && me.value) me.value = null;
			if (x.status >= 200 && x.status < 300) resolve(body as T);
			else reject(new Problem(x.status, body, Number(x.getResponseHeader("Retry-After")) || 0));
		};
		x.onerror = () => reject(new Problem(0, undefined));
		x.onabort = () => reject(new DOMException("aborted", "AbortError"));
		signal?.addEventListener("abort", () => x.abort());
		x.send(file);
	});
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
