/** Reads a stream of JSON values, one on a line, and gives each as it comes. */
export async function* ndjson<T>(body: ReadableStream<Uint8Array>): AsyncGenerator<T> {
	const decoder = new TextDecoder();
	const reader = body.getReader();
	let rest = "";
	try {
		for (;;) {
			const { done, value } = await reader.read();
			rest += decoder.decode(value, { stream: !done });
			const lines = rest.split("\n");
			rest = done ? "" : (lines.pop() ?? "");
			for (const line of lines) if (line.trim()) yield JSON.parse(line) as T;
			if (done) return;
		}
	} finally {
		void reader.cancel().catch(() => undefined);
	}
}
