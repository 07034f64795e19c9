import type { Config } from "./config";
import { forget, keep, recall } from "./memory";
import { fill } from "./page";
import { findID } from "./txid";

/**
 * The one who looks at the page: what brought him, and what he allows. Before
 * he has agreed, where the page asks for it, there is no ID.
 */
export class Visitor {
  /** The transaction ID of what brought him, or nothing. */
  id = "";

  /** He objects to being sold or shared, by Global Privacy Control: he is not remembered. */
  readonly objects = !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;

  /** Whether he agrees; undefined until the page says so. */
  agreed?: boolean;

  private waiting: Array<(agreed: boolean) => void> = [];

  constructor(private readonly config: Config) {}

  /** Takes the visitor's word. What waited for it goes on or is dropped. */
  decide(word: unknown): void {
    this.agreed = word === true || word === "granted";
    if (this.agreed) {
      this.find();
    } else {
      forget(this.config);
      this.show("");
    }
    for (const go of this.waiting.splice(0)) {
      go(this.agreed);
    }
  }

  /** Resolves to whether he agrees, once that is known. */
  decided(): Promise<boolean> {
    return new Promise((done) => (this.agreed === undefined ? this.waiting.push(done) : done(this.agreed)));
  }

  /** Takes found for his ID, here and on the pages to come. */
  take(found: string): void {
    if (!this.objects) {
      keep(this.config, found);
    }
    this.show(found);
  }

  /** Finds the ID that brought him: in this page's URL, else kept. */
  private find(): void {
    if (this.objects) {
      forget(this.config); // what was kept before he objected
    }
    const found = findID(location.href, this.config.param);
    if (found) {
      this.take(found);
    } else {
      this.show(recall());
    }
  }

  /** Has id, on the page too. Fields that a server has filled in are left when there is none. */
  private show(id: string): void {
    if (id || this.id) {
      fill(id);
    }
    this.id = id;
  }
}
