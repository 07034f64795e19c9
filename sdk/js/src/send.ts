/**
 * What the server answered: a verdict, or the ID of a click or an impression,
 * and the HTTP status it came with.
 */
export type Answer = Record<string, unknown> & { http: number };

/** How long the second attempt waits, unless the page goes before. */
const pause = 1000;

/**
 * Sends a hit and gives the answer, or null where there is none. The request
 * outlives the page and, being plain text, needs no preflight. It carries a
 * cookie only where cookie says so, and then there is no answer to read. A
 * network that fails, or a server that could not write the hit down, is tried
 * once more.
 */
export async function send(url: string, body?: object, cookie?: boolean): Promise<Answer | null> {
  const text = body && JSON.stringify(body);
  try {
    return await request(url, text, cookie);
  } catch {
    await soon();
  }
  try {
    return await request(url, text, cookie);
  } catch {
    return null;
  }
}

async function request(url: string, text?: string, cookie?: boolean): Promise<Answer | null> {
  if (text && leavesToBrowser() && navigator.sendBeacon(url, text)) {
    return null;
  }
  const answer = await fetch(url, {
    method: text ? "POST" : "GET",
    body: text,
    keepalive: true,
    mode: cookie ? "no-cors" : "cors",
    credentials: cookie ? "include" : "omit",
  });
  if (answer.status > 499) {
    throw answer.status;
  }
  return answer.json().then((said) => ({ ...said, http: answer.status }), () => null);
}

/**
 * A page that is going, or a browser that ends its requests with the page,
 * leaves the hit to the browser and learns no answer.
 */
function leavesToBrowser(): boolean {
  return going || typeof Request === "undefined" || !("keepalive" in Request.prototype);
}

let going = false;
addEventListener("pagehide", () => (going = true));
addEventListener("pageshow", () => (going = false));

function soon(): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, pause);
    addEventListener("pagehide", () => done(), { once: true });
  });
}
