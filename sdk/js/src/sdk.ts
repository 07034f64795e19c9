/**
 * The browser SDK: it brings the transaction ID from the landing page to the
 * conversion, and tells Waybill of clicks without a redirect, of views, of
 * conversions and of who the visitor is to the advertiser.
 *
 * What always holds: nothing is kept, filled in or sent before the visitor's
 * consent where the page asks for it; a visitor who objects by Global Privacy
 * Control is neither remembered nor named; no e-mail and no user name leaves the
 * page but as its digest; and the page never sees an error of ours.
 */
import { type Config, readConfig } from "./config";
import { Hits } from "./hits";
import { decorated, fill, follow } from "./page";
import { Visitor } from "./visitor";

type Call = ArrayLike<unknown>;
type Command = (...args: any[]) => unknown;

declare global {
  interface Window {
    /** The queue until this script is there, then what carries out its calls. */
    waybill?: ((...call: unknown[]) => unknown) & { q?: Call[]; ready?: boolean };
  }
}

/** Gives what carries out a call: waybill(command, …, callback). It never fails. */
function caller(config: Config, visitor: Visitor): (...call: unknown[]) => Promise<unknown> {
  const hits = new Hits(config, visitor);
  const atOnce: Record<string, Command> = {
    consent: (word) => (visitor.decide(word), null),
    decorate: (url) => (visitor.agreed ? decorated(config, visitor.id, String(url), visitor.objects) : url),
  };
  const afterConsent: Record<string, Command> = {
    id: () => visitor.id || null,
    click: (params) => hits.click(params),
    impression: (params) => hits.impression(params),
    conversion: (params) => hits.conversion(params),
    identify: (who) => hits.identify(who),
  };

  async function run(name: string, args: unknown[]): Promise<unknown> {
    try {
      if (atOnce[name]) {
        return atOnce[name](...args);
      }
      return (await visitor.decided()) ? await afterConsent[name](...args) : null;
    } catch (e) {
      if (config.debug) {
        console.warn("waybill", name, e);
      }
      return null;
    }
  }

  return async (name, ...args) => {
    const done = typeof args[args.length - 1] === "function" ? (args.pop() as Command) : undefined;
    const result = await run(name as string, args);
    try {
      done?.(result);
    } catch (e) {
      setTimeout(() => { throw e; }); // the page's own error, told as such
    }
    return result;
  };
}

/** Takes the place of the queue, once, and carries out what is in it. */
function begin(config: Config): void {
  if (window.waybill?.ready) {
    return;
  }
  const before = Array.from(window.waybill?.q || []);
  const visitor = new Visitor(config);
  const call = caller(config, visitor);
  window.waybill = Object.assign(call, { ready: true });

  follow(config, visitor);
  document.addEventListener("DOMContentLoaded", () => visitor.id && fill(visitor.id));
  const word = before.filter((c) => c[0] === "consent").pop();
  if (word || !config.askFirst) {
    visitor.decide(word ? word[1] : true);
  }
  for (const c of before) {
    if (c[0] !== "consent") {
      call(...Array.from(c));
    }
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
