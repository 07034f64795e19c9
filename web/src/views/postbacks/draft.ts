// A postback as it is being edited: the API's own fields, and what a draft that
// is not saved yet tells the API.
import type { Schema } from "../../api/client.ts";
import { patchOf } from "../../lib/patch.ts";
import type { Use } from "./macros.ts";

/** A postback, in the words of the API. */
export type Postback = Schema["Postback"];

/** How a receiver is spoken to. */
export type Format = NonNullable<Postback["format"]>;

/** What the API is told of a postback that it has not saved. */
export type Unsaved = Schema["PreviewRequest"] & { fill?: Record<string, string> };

/** A postback before anything was entered. */
export const blank = (owner: Schema["Owner"]): Postback => ({
	owner,
	on: ["conversion.created"],
	format: "get",
	backlog: "oldest",
	status: "active",
});

/** Whose postback it is. */
export const useOf = (p: Pick<Postback, "owner">): Use =>
	p.owner?.affiliate_id !== undefined
		? "affiliate"
		: p.owner?.advertiser_id !== undefined
			? "advertiser"
			: "network";

type Part = "method" | "body" | "headers" | "parameters" | "secret";

const platforms: Format[] = ["meta_capi", "google_data_manager", "tiktok_events"];
const pixels: Format[] = ["image", "iframe"];

/** Whether a format speaks to an ad platform's conversion API. */
export const isPlatform = (format: Format): boolean => platforms.includes(format);

/** Whether the visitor's browser loads it. */
export const isPixel = (format: Format): boolean => pixels.includes(format);

/** Which fields a format has, beside those that all have. */
export function has(format: Format, part: Part): boolean {
	switch (part) {
		case "method":
			return format === "get" || format === "json";
		case "body":
			return format === "form" || format === "json";
		case "parameters":
			return isPlatform(format);
		case "headers":
		case "secret":
			return !isPixel(format) && !isPlatform(format);
	}
}

/** The draft in another format: what that has no field for is taken out. */
export function inFormat(draft: Postback, format: Format): Partial<Postback> {
	const change: Partial<Postback> = { format };
	if (draft.method !== undefined) change.method = undefined;
	for (const part of ["body", "headers", "parameters"] as const)
		if (draft[part] !== undefined && !has(format, part)) change[part] = undefined;
	return change;
}

/** All that a draft says, for a postback that is not there yet. */
export function fieldsOf(draft: Partial<Postback>): Unsaved {
	return patchOf({}, draft) as Unsaved;
}

/** What a draft says otherwise than the postback that is there. */
export function changesOf(kept: Postback, draft: Postback, id: number): Unsaved {
	return { ...(patchOf(kept, draft) as Unsaved), id };
}

/** The host that a URL leads to; empty where it is none, or is not known. */
export function hostOf(url: string | undefined): string {
	const host = /^https?:\/\/([^/?#]+)/i.exec(url ?? "")?.[1] ?? "";
	return host.replace(/^.*@/, "");
}

/** Name and value of what a URL's query says, decoded as far as it can be. */
export function parametersOf(url: string): [string, string][] {
	const query = url.split("#")[0]?.split("?").slice(1).join("?") ?? "";
	if (!query) return [];
	const plain = (s: string) => {
		try {
			return decodeURIComponent(s.replaceAll("+", " "));
		} catch {
			return s;
		}
	};
	return query.split("&").map((pair) => {
		const [name = "", ...value] = pair.split("=");
		return [plain(name), plain(value.join("="))];
	});
}
