import type { Config } from "./config";
import { lastClick } from "./memory";
import { affiliate, coupon, customer, has, ofPage, offer, type Params, touch } from "./params";
import { sendable } from "./person";
import { type Answer, send } from "./send";
import { findID, looksLikeID } from "./txid";
import type { Visitor } from "./visitor";

/** What a page can report. Every hit gives the server's answer, or null. */
export class Hits {
  /** The tracking host knows the visitor by a cookie of its own, even where no script can. */
  private readonly remembers: boolean;

  constructor(
    private readonly config: Config,
    private readonly visitor: Visitor,
  ) {
    this.remembers = config.firstParty && !visitor.objects;
  }

  /**
   * Records a visit that came without a redirect, once a tab and landing URL.
   * A page that was reached through a tracking link has its ID already.
   */
  async click(params?: Params): Promise<Answer | null> {
    const landed = findID(location.href, this.config.param);
    if (landed) {
      return known(landed);
    }
    const all = this.withOffer({ ...ofPage(), ...params });
    const text = JSON.stringify(all);
    if (!has(all, affiliate)) {
      return null;
    }
    if (this.visitor.id && lastClick.get() === text) {
      return known(this.visitor.id);
    }
    const answer = await this.ask("/click", all);
    if (looksLikeID(answer?.transaction_id)) { // else the offer takes no visitors
      this.visitor.take(answer!.transaction_id as string);
      if (!this.visitor.objects) {
        lastClick.set(text);
      }
    }
    return answer;
  }

  /** Records a view. Its ID is the visitor's until a click brings another. */
  async impression(params?: Params): Promise<Answer | null> {
    const answer = await this.ask("/impression", this.withOffer({ ...params }));
    if (answer?.http === 200 && !this.visitor.id) {
      this.visitor.take(answer.transaction_id as string);
    }
    return answer;
  }

  /** Reports a conversion, if anything tells who brought the visitor. */
  async conversion(params?: Params): Promise<Answer | null> {
    const body = await this.prepare(params);
    if (has(body, touch)) {
      return this.hit("/sdk/conversion", body);
    }
    const credited = this.remembers || has(body, customer, coupon, affiliate);
    return credited ? this.hit("/sdk/conversion", this.withOffer(body)) : null;
  }

  /** Ties the visitor's account to the touch that brought him. */
  async identify(who: string | number | Params): Promise<Answer | null> {
    const body = await this.prepare(typeof who === "object" ? who : { customer_id: who });
    const tied = has(body, customer) && (this.remembers || has(body, touch));
    return tied ? this.hit("/sdk/identify", body) : null;
  }

  /** Gives what is sent of a hit, with the ID that it is credited by. */
  private async prepare(params?: Params): Promise<Params> {
    const body = await sendable({ ...params }, this.visitor.objects);
    return this.visitor.id && !has(body, touch) ? { transaction_id: this.visitor.id, ...body } : body;
  }

  /** Adds the page's offer where params name none. */
  private withOffer(params: Params): Params {
    return has(params, offer) || !this.config.offer ? params : { offer_id: this.config.offer, ...params };
  }

  /**
   * Sends a hit. One that names no touch is left to the cookie that a click has
   * set on a tracking host of the page's own domain.
   */
  private async hit(path: string, params: Params): Promise<Answer | null> {
    const body = { key: this.config.key, ...params };
    const answer = await send(this.config.host + path, body, this.remembers && !has(body, touch));
    return this.tell(path, body, answer);
  }

  /** Asks for an ID: of a click or of a view. */
  private async ask(path: string, params: Params): Promise<Answer | null> {
    const said = (await sendable(params, this.visitor.objects)) as Record<string, string>;
    const query = new URLSearchParams(said);
    return this.tell(path, said, await send(`${this.config.host}${path}?format=json&${query}`));
  }

  private tell(path: string, params: Params, answer: Answer | null): Answer | null {
    if (this.config.debug) {
      console.info("waybill", path, params, answer);
    }
    return answer;
  }
}

/** The answer to a click that was made already. */
function known(id: string): Answer {
  return { transaction_id: id, url: "", http: 200 };
}
