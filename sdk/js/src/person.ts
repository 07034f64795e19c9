import type { Params } from "./params";

/** What names a person. */
const personal = /^(customer_id|user_id|external_id|email|email_sha256|username)$/i;

/** What leaves the page as its digest alone. */
const secret = /^(email|username)$/i;

/**
 * Gives what may be sent of params: an e-mail and a user name as their digests,
 * and nothing that names a person where the visitor objects.
 */
export async function sendable(params: Params, objects: boolean): Promise<Params> {
  const out: Params = {};
  for (const [name, value] of Object.entries(params)) {
    if (value == null || value === "" || (objects && personal.test(name))) {
      continue;
    }
    if (!secret.test(name)) {
      out[name] = value;
      continue;
    }
    const sum = await digest(String(value));
    if (sum) {
      out[/^e/i.test(name) ? "email_sha256" : "username"] = sum;
    }
  }
  return out;
}

/**
 * Gives the SHA-256 of an e-mail or a user name in hex, trimmed and in lower
 * case. A space inside an e-mail is a plus that nobody escaped. A page without
 * TLS has no digests, and then there is none.
 */
async function digest(said: string): Promise<string | undefined> {
  const text = said.trim().toLowerCase();
  const bytes = new TextEncoder().encode(text.includes("@") ? text.replace(/ /g, "+") : text);
  const sum = await window.crypto?.subtle?.digest("SHA-256", bytes);
  return sum && Array.from(new Uint8Array(sum), (b) => b.toString(16).padStart(2, "0")).join("");
}
