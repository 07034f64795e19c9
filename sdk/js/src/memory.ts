import type { Config } from "./config";
import { looksLikeID } from "./txid";

/**
 * The cookie and the entry in local storage. The name is not wb_tid, which the
 * tracking domain sets for itself and no script may read or write.
 */
const name = "wb_tid_js";

/** Storage may be denied by the browser, and then everything about it throws. */
function attempt<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch {
    return undefined;
  }
}

function writeCookie(config: Config, value: string, seconds: number): void {
  attempt(() => {
    document.cookie =
      `${name}=${value};path=/;max-age=${seconds};samesite=lax` +
      (location.protocol === "https:" ? ";secure" : "") +
      (config.cookieDomain ? `;domain=${config.cookieDomain}` : "");
  });
}

/** Keeps id for the days that the page allows. */
export function keep(config: Config, id: string): void {
  const seconds = Math.round(config.days * 86400);
  writeCookie(config, id, seconds);
  attempt(() => localStorage.setItem(name, `${id}.${Date.now() + seconds * 1000}`));
}

/** Gives the ID that is kept, or nothing. */
export function recall(): string {
  const cookie = attempt(() => new RegExp(`(?:^|; )${name}=([^;]*)`).exec(document.cookie)?.[1]);
  if (looksLikeID(cookie)) {
    return cookie;
  }
  const [id, until] = (attempt(() => localStorage.getItem(name)) || "").split(".");
  return looksLikeID(id) && +until > Date.now() ? id : "";
}

/** Keeps nothing any more. */
export function forget(config: Config): void {
  writeCookie(config, "", 0);
  attempt(() => localStorage.removeItem(name));
  attempt(() => sessionStorage.removeItem(name));
}

/** The click that this tab last made, so that a reload makes none. */
export const lastClick = {
  get: (): string | null | undefined => attempt(() => sessionStorage.getItem(name)),
  set: (click: string): void => void attempt(() => sessionStorage.setItem(name, click)),
};
