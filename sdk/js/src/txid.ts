/**
 * What a transaction ID looks like: 32 characters of Crockford's base32, of
 * which the first says the version and that it names a click or a view, and the
 * second that its visitor was not turned away: such a visit earns nothing, and
 * never takes the place of one that does. Only the server can tell whether it is
 * ours.
 */
const form = "[45][0-389abghjkr-tv][0-9a-hjkmnp-tv-z]{30}";

/** The names that may carry it in a URL, in the order in which they win. */
const names = ["transaction_id", "tid", "click_id", "clickid", "cid"];

/** Reports whether s could be a transaction ID. */
export function looksLikeID(s: unknown): s is string {
  return typeof s === "string" && new RegExp(`^${form}$`, "i").test(s);
}

/** Finds the transaction ID that a URL carries, in its query or its fragment. */
export function findID(url: string, own: string): string {
  for (const name of [own, ...names]) {
    const found = new RegExp(`[?&#]${name}=(${form})(?![^&#])`, "i").exec(url);
    if (found) {
      return found[1].toLowerCase();
    }
  }
  return "";
}
