import { effect, signal } from "@preact/signals";

/** Light, dark, or what the system has. */
export type Theme = "light" | "dark" | "system";

const kept = localStorage.getItem("waybill.theme");

/** The theme that was chosen on this device. */
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "system");

effect(() => {
	const t = theme.value;
	if (t === "system") {
		document.documentElement.removeAttribute("data-theme");
		localStorage.removeItem("waybill.theme");
	} else {
		document.documentElement.dataset.theme = t;
		localStorage.setItem("waybill.theme", t);
	}
});
