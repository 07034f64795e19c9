/** The parameters of a hit, by the names of links and postbacks. */
export type Params = Record<string, unknown>;

// The names of parameters that decide what is done with a hit.
export const affiliate = /^(affiliate_id|aff_?id|pid|a)$/i;
export const offer = /^(offer_id|oid|offer)$/i;
export const touch = /^(transaction_id|tid|click_?id|cid)$/i;
export const customer = /^(customer_id|user_id|external_id|email_sha256|username)$/i;
export const coupon = /^(coupon|coupon_code|promo_code)$/i;

/** What in the landing page's own URL says whose click it is. */
const ofClick =
  /^(offer_id|oid|affiliate_id|aff_?id|sub\d+|aff_sub\d*|source|aff_click_id|click_?id|coupon|test)$/i;

/** Reports whether params have a name of one of the kinds. */
export function has(params: Params, ...kinds: RegExp[]): boolean {
  return Object.keys(params).some((name) => kinds.some((kind) => kind.test(name)));
}

/** Gives what this page's URL says of the click that led to it. */
export function ofPage(): Params {
  const said: Params = {};
  new URLSearchParams(location.search).forEach((value, name) => {
    if (ofClick.test(name)) {
      said[name] = value;
    }
  });
  return said;
}
