import type { Config } from "./config";
import { findID } from "./txid";

/** What links and forms need to know of the visitor. */
interface Follower {
  readonly id: string;
  readonly objects: boolean;
}

/** Writes id into the fields that ask for it: data-waybill="transaction_id". */
export function fill(id: string): void {
  document.querySelectorAll<HTMLInputElement>('input[data-waybill="transaction_id"]').forEach((field) => {
    field.value = id;
  });
}

/**
 * Gives url with id, if it leads to another host of the funnel and carries no
 * ID yet. Where nothing can be kept, links within a listed host carry it too.
 */
export function decorated(config: Config, id: string, url: string, always: boolean): string {
  const to = new URL(url, location.href);
  const listed = config.domains.some((d) => to.hostname === d || to.hostname.endsWith(`.${d}`));
  if (!id || !listed || (to.hostname === location.hostname && !always) || findID(to.href, config.param)) {
    return url;
  }
  const [path, fragment] = to.href.split(/(?=#)/);
  return `${path}${path.includes("?") ? "&" : "?"}${config.param}=${id}${fragment || ""}`;
}

/**
 * Follows the visitor's steps to other hosts: a link gets the ID when it is
 * pressed, a form when it is sent, so that links made later are met too.
 */
export function follow(config: Config, visitor: Follower): void {
  const quietly = (f: (e: Event) => void) => (e: Event) => {
    try {
      f(e);
    } catch {
      // The page goes on as if this script were not here.
    }
  };
  const press = quietly((e) => {
    const link = e.composedPath().find((n) => (n as Element).tagName === "A") as HTMLAnchorElement | undefined;
    const to = link?.href && decorated(config, visitor.id, link.href, visitor.objects);
    if (to && to !== link!.href) {
      link!.href = to;
    }
  });
  addEventListener("mousedown", press, true);
  addEventListener("click", press, true);
  addEventListener(
    "submit",
    quietly((e) => {
      if (visitor.id) {
        fill(visitor.id);
        sign(config, e.target as HTMLFormElement, visitor);
      }
    }),
    true,
  );
}

/**
 * Adds the ID to a form that is sent to another host: to its address, or as a
 * field where the fields become the address.
 */
function sign(config: Config, form: HTMLFormElement, visitor: Follower): void {
  const action = form.getAttribute("action") || "";
  const to = decorated(config, visitor.id, action, visitor.objects);
  if (to === action) {
    return;
  }
  if (/^post$/i.test(form.getAttribute("method") || "")) {
    form.setAttribute("action", to);
  } else if (!form.elements.namedItem(config.param)) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = config.param;
    field.value = visitor.id;
    form.append(field);
  }
}
