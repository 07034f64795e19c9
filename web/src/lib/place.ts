// Where the console stands. The node says in <base> where the console begins, so
// it works under any prefix that a proxy puts before it.

const base = new URL(document.baseURI);

/** Path of the console without the slash at its end: `/console`, or `/ops/console`. */
export const consolePath = base.pathname.replace(/\/$/, "");

/** Address that the paths of the API are appended to. */
export const nodeUrl = new URL("../", base).href.replace(/\/$/, "");
