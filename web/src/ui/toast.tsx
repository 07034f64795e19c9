import { signal } from "@preact/signals";
import { X } from "lucide-preact";
import { text } from "../text/en.ts";
import { said } from "./said.tsx";

type Options = {
	tone?: "plain" | "bad";
	undo?: () => void;
	label?: string;
	/** What it tells of. A newer word on the same takes the place of the older one. */
	about?: string;
};

type Toast = Options & { id: number; message: string };

const toasts = signal<Toast[]>([]);
let last = 0;

function drop(id: number): void {
	toasts.value = toasts.value.filter((t) => t.id !== id);
}

/** Tells something in passing. With `undo` it can be taken back for ten seconds. */
export function toast(message: string, options: Options = {}): void {
	const id = ++last;
	const others = toasts.value.filter((t) => !options.about || t.about !== options.about);
	toasts.value = [...others.slice(-3), { ...options, id, message }];
	setTimeout(() => drop(id), options.undo || options.tone === "bad" ? 10_000 : 5_000);
}

/** Where toasts are shown. */
export function Toasts() {
	return (
		<div class="toasts" role="status" aria-live="polite">
			{toasts.value.map((t) => (
				<div key={t.id} class={`toast ${t.tone ?? "plain"}`}>
					<span class="grow">{said(t.message)}</span>
					{t.undo && (
						<button
							type="button"
							class="btn small"
							onClick={() => {
								drop(t.id);
								t.undo?.();
							}}
						>
							{t.label ?? text.common.undo}
						</button>
					)}
					<button
						type="button"
						class="btn small icon quiet"
						aria-label={text.common.close}
						onClick={() => drop(t.id)}
					>
						<X aria-hidden />
					</button>
				</div>
			))}
		</div>
	);
}
