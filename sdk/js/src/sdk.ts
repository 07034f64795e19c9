/**
 * The browser SDK: it brings the transaction ID from the landing page to the
 * conversion, and tells Waybill of clicks without a redirect, of impressions,
 * of conversions and of who the visitor is to the advertiser.
 *
 * What always holds: nothing is kept, filled in or sent before the visitor's
 * consent where the page asks for it; a visitor who objects by Global Privacy
 * Control is neither remembered nor named; no e-mail leaves the page as it is;
 * and the page never sees an error of ours.
 */
import { type Config, readConfig } from "./config";
import { forget, keep, lastClick, recall } from "./memory";
import { decorated, fill, follow } from "./page";
import { type Params, sendable } from "./person";
import { type Answer, send } from "./send";
import { findID } from "./txid";

type Command = (...args: any[]) => unknown;
type Call = ArrayLike<unknown>;

/** What in the landing page's own URL says whose click it is. */
const ofClick =
  /^(offer_id|oid|affiliate_id|aff_?id|sub\d+|aff_sub\d*|source|aff_click_id|click_?id|coupon|test)$/i;

/** The names of parameters that decide what is done with a hit. */
const affiliate = /^(affiliate_id|aff_?id|pid|a)$/i;
const offer = /^(offer_id|oid|offer)$/i;
const touch = /^(transaction_id|tid|click_?id|cid)$/i;
const customer = /^(customer_id|user_id|external_id|email_sha256|username)$/i;
const coupon = /^(coupon|coupon_code|promo_code)$/i;

/** Reports whether params have a name of one of the kinds. */
function has(params: Params, ...kinds: RegExp[]): boolean {
  return Object.keys(params).some((name) => kinds.some((kind) => kind.test(name)));
}

/** Carries out the calls that were made before, and gives what takes the others. */
function start(config: Config, before: Call[]): NonNullable<Window["waybill"]> {
  const objects = !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;
  const remembers = config.firstParty && !objects; // the tracking host does, even where no script can
  const waiting: Array<(agreed: boolean) => void> = [];
  let agreed: boolean | undefined;
  let id = "";

  /** Takes id for the visitor's, here and on the pages to come. */
  function take(found: string): void {
    id = found;
    if (!objects) {
      keep(config, id);
    }
    fill(id);
  }

  /** Finds the ID that brought the visitor: in this page's URL, else kept. */
  function find(): void {
    const found = findID(location.href, config.param);
    if (objects) {
      forget(config); // what was kept before he objected
    }
    if (found) {
      take(found);
    } else {
      id = recall();
      fill(id);
    }
  }

  /** Takes the visitor's word. What waited for it goes out or is dropped. */
  function consent(word: unknown): void {
    agreed = word === true || word === "granted";
    if (agreed) {
      find();
    } else {
      id = "";
      forget(config);
      fill(id);
    }
    waiting.splice(0).forEach((go) => go(agreed!));
  }

  /** Resolves to whether the visitor agrees, once that is known. */
  function consented(): Promise<boolean> {
    return new Promise((done) => (agreed === undefined ? waiting.push(done) : done(agreed)));
  }

  /** Gives what is sent of a hit, with the ID that it is credited by. */
  async function prepare(params?: Params): Promise<Params> {
    const body = await sendable({ ...params }, objects);
    return id && !has(body, touch) ? { transaction_id: id, ...body } : body;
  }

  /**
   * Sends a hit. One that names no touch is left to the cookie that a click has
   * set on a tracking host of the page's own domain.
   */
  async function hit(path: string, params: Params): Promise<Answer | null> {
    const body = { key: config.key, ...params };
    return tell(path, body, await send(config.host + path, body, !has(body, touch) && remembers));
  }

  /** Asks for an ID: of a click or of an impression. */
  async function ask(path: string, params: Params): Promise<Answer | null> {
    const query = new URLSearchParams((await sendable(params, objects)) as Record<string, string>);
    return tell(path, params, await send(`${config.host}${path}?format=json&${query}`));
  }

  function tell(path: string, params: Params, answer: Answer | null): Answer | null {
    if (config.debug) {
      console.info("waybill", path, params, answer);
    }
    return answer;
  }

  /** Adds the page's offer where params name none. */
  function withOffer(params: Params): Params {
    return has(params, offer) || !config.offer ? params : { offer_id: config.offer, ...params };
  }

  /**
   * Records a visit that came without a redirect, once a tab and landing URL.
   * A page that was reached through a tracking link has its ID already.
   */
  async function click(params?: Params): Promise<Answer | null> {
    const landed = findID(location.href, config.param);
    if (landed) {
      return { transaction_id: landed, url: "", http: 200 };
    }
    const said: Params = {};
    new URLSearchParams(location.search).forEach((value, name) => {
      if (ofClick.test(name)) {
        said[name] = value;
      }
    });
    const all = withOffer({ ...said, ...params });
    const text = JSON.stringify(all);
    if (!has(all, affiliate)) {
      return null;
    }
    if (id && lastClick.get() === text) {
      return { transaction_id: id, url: "", http: 200 };
    }
    const answer = await ask("/click", all);
    if (answer?.http === 200) { // else the offer takes no visitors
      take(answer.transaction_id as string);
      if (!objects) {
        lastClick.set(text);
      }
    }
    return answer;
  }

  /** Records a view. Its ID is the visitor's until a click brings another. */
  async function impression(params?: Params): Promise<Answer | null> {
    const answer = await ask("/impression", withOffer({ ...params }));
    if (answer?.http === 200 && !id) {
      take(answer.transaction_id as string);
    }
    return answer;
  }

  /** Reports a conversion, if anything tells who brought the visitor. */
  async function conversion(params?: Params): Promise<Answer | null> {
    const body = await prepare(params);
    if (has(body, touch)) {
      return hit("/sdk/conversion", body);
    }
    return remembers || has(body, customer, coupon, affiliate) ? hit("/sdk/conversion", withOffer(body)) : null;
  }

  /** Ties the visitor's account to the touch that brought him. */
  async function identify(who: string | number | Params): Promise<Answer | null> {
    const body = await prepare(typeof who === "object" ? who : { customer_id: who });
    return (remembers || has(body, touch)) && has(body, customer) ? hit("/sdk/identify", body) : null;
  }

  const commands: Record<string, Command> = {
    click,
    impression,
    conversion,
    identify,
    id: () => id || null,
  };

  /** Carries out one call: waybill(command, …, callback). */
  async function call(...args: unknown[]): Promise<unknown> {
    const [name, ...rest] = args;
    const done = typeof rest[rest.length - 1] === "function" ? (rest.pop() as Command) : undefined;
    let result: unknown = null;
    try {
      if (name === "consent") {
        consent(rest[0]);
      } else if (name === "decorate") {
        result = agreed ? decorated(config, id, String(rest[0]), objects) : rest[0];
      } else if (await consented()) {
        result = await commands[name as string](...rest);
      }
    } catch (e) {
      if (config.debug) {
        console.warn("waybill", name, e);
      }
    }
    try {
      done?.(result);
    } catch (e) {
      setTimeout(() => { throw e; }); // the page's own error, told as such
    }
    return result;
  }

  follow(config, () => id, objects);
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", () => agreed && fill(id));
  }
  const word = before.filter((c) => c[0] === "consent").pop();
  if (word || !config.askFirst) {
    consent(word ? word[1] : true);
  }
  before.forEach((c) => c[0] !== "consent" && call(...Array.from(c)));
  return Object.assign(call, { ready: true });
}

declare global {
  interface Window {
    /** The queue until this script is there, then what carries out its calls. */
    waybill?: ((...call: unknown[]) => unknown) & { q?: Call[]; ready?: boolean };
  }
}

/** Takes the place of the queue, once. */
function begin(config: Config): void {
  const queue = window.waybill;
  if (!queue?.ready) {
    window.waybill = start(config, queue?.q || []);
  }
}

try {
  const config = readConfig();
  const page = document as Document & { prerendering?: boolean };
  if (page.prerendering) { // nobody sees it yet, and perhaps nobody will
    page.addEventListener("prerenderingchange", () => begin(config), { once: true });
  } else {
    begin(config);
  }
} catch {
  // A page that this script cannot work in goes on without it.
}
