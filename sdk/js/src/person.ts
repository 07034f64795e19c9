/** The parameters of a hit, by the names of the postback. */
export type Params = Record<string, unknown>;

/** What names a person. A user name could not be hashed so that it still meets its like. */
const personal = /^(customer_id|user_id|external_id|email|email_sha256|username)$/i;

/**
 * Gives what may be sent of params: an e-mail as its digest alone, a user name
 * not at all, and nothing that names a person where the visitor objects.
 */
export async function sendable(params: Params, objects: boolean): Promise<Params> {
  const out: Params = {};
  for (const [name, value] of Object.entries(params)) {
    if (value == null || value === "" || (objects && personal.test(name))) {
      continue;
    }
    if (/^email$/i.test(name)) {
      out.email_sha256 = await digest(String(value));
    } else if (!/^username$/i.test(name)) {
      out[name] = value;
    }
  }
  return out;
}

/**
 * Gives the SHA-256 of an e-mail in hex, trimmed and in lower case, where a
 * space inside is a plus that nobody escaped. A page without TLS has no digests,
 * and then there is none.
 */
async function digest(email: string): Promise<string | undefined> {
  const text = email.trim().toLowerCase().replace(/ /g, "+");
  const sum = await window.crypto?.subtle?.digest("SHA-256", new TextEncoder().encode(text));
  return sum && Array.from(new Uint8Array(sum), (b) => b.toString(16).padStart(2, "0")).join("");
}
