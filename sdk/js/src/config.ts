/** What the script tag says, in its data attributes. */
export interface Config {
  /** The tracking host: where the script came from, or data-host. */
  readonly host: string;
  /** The publishable key, if the page has one. */
  readonly key?: string;
  /** The offer of hits that carry no transaction ID. */
  readonly offer?: string;
  /** The hosts of the funnel, whose links are decorated. */
  readonly domains: readonly string[];
  /** The name under which decorated links carry the transaction ID. */
  readonly param: string;
  /** The domain of the cookie; without it the cookie is the host's own. */
  readonly cookieDomain?: string;
  /** How long the transaction ID is kept, in days. */
  readonly days: number;
  /** The tracking host is on the page's own domain, and its clicks set a cookie there. */
  readonly firstParty: boolean;
  /** Nothing is kept or sent before the page says that the visitor agreed. */
  readonly askFirst: boolean;
  /** Each hit and its answer is shown in the console. */
  readonly debug: boolean;
}

/** No browser keeps a cookie for longer. */
const longest = 400;

/** Reads the tag that loaded this script. */
export function readConfig(): Config {
  const tag = (document.currentScript ||
    document.querySelector('script[data-key],script[src*="/sdk.js"],script[src*="/sdk/v1.js"]')) as HTMLScriptElement;
  const said = tag.dataset;
  return {
    host: new URL(said.host || tag.src, location.href).origin,
    key: said.key,
    offer: said.offerId,
    domains: (said.domains || "").toLowerCase().split(/[\s,]+/).filter(Boolean),
    param: said.param || "transaction_id",
    cookieDomain: said.cookieDomain,
    days: Math.min(+said.days! || 90, longest),
    firstParty: said.firstParty !== undefined,
    askFirst: said.consent !== undefined,
    debug: said.debug !== undefined,
  };
}
