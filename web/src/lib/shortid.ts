// Our own IDs, as they stand where there is little room.

/** The beginning and the end of an ID. */
export const shortId = (id: string): string => `${id.slice(0, 10)}…${id.slice(-4)}`;

// A shortened ID that was copied from a page or a mail.
const shortened = /^([0-9a-z]{8,})(?:…|\.\.\.)([0-9a-z]*)$/i;

/** What is looked for by what somebody typed: a shortened ID is asked for by its beginning. */
export const wanted = (typed: string): string => shortened.exec(typed.trim())?.[1] ?? typed.trim();

/** Whether what was found ends as the shortened ID does that was typed. */
export const endsAs = (typed: string, id: string): boolean =>
	id.toLowerCase().endsWith((shortened.exec(typed.trim())?.[2] ?? "").toLowerCase());
