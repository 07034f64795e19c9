// What may stand in a destination's URL.

/** Macros that are most asked for at a click. */
export const clickMacros = [
	"transaction_id",
	"affiliate_id",
	"aff_click_id",
	"offer_id",
	"source",
	"sub1",
	"sub2",
	"country",
	"device",
	"click_time",
] as const;

/** Whether a URL hands the transaction ID on. */
export const handsIdOn = (url: string): boolean => /\{transaction_id(\||\})/.test(url);

/** The URL with one more parameter, before its fragment. */
export function withParameter(url: string, name: string, macro: string): string {
	const [rest = "", ...fragment] = url.split("#");
	const joint = !rest.includes("?") ? "?" : rest.endsWith("?") || rest.endsWith("&") ? "" : "&";
	return [`${rest}${joint}${name}={${macro}}`, ...fragment].join("#");
}
