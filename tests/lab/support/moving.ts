import { afterAll, afterEach, beforeAll, expect } from "@jest/globals";
import { databaseStatus } from "./database.ts";
import { keysOf } from "./keeper.ts";
import { mend, moved, type Standing, settled } from "./moves.ts";
import { heldBy, Shoppers, sufferedSince } from "./shoppers.ts";
import { get, type SiteHandle, site } from "./site.ts";

const minute = 60_000;
/** Where the site is born, and where the files behind this one find it. */
const home = "primary";

/** For each test of a file: a site that is well before it, with whichever region is active, and mended behind it. */
export function movingEach(): () => Moving {
  let moving: Moving | undefined;
  const begun = () => {
    if (moving === undefined) throw new Error("the site was not looked at");
    return moving;
  };
  beforeAll(async () => {
    moving = new Moving(await site(), await settled());
  }, 2 * minute);
  afterEach(() => begun().next(), 8 * minute);
  afterAll(async () => {
    if (moving !== undefined && moving.before.active !== home) await moved("switchover", "--to", home);
  }, 4 * minute);
  return begun;
}

export class Moving {
  readonly site: SiteHandle;
  before: Standing;
  private shoppers: Shoppers | null = null;
  private counter = 0;
  /** As the test itself saw the site settle; else it is mended. */
  private ended: Standing | null = null;

  constructor(handle: SiteHandle, before: Standing) {
    this.site = handle;
    this.before = before;
  }

  async next(): Promise<void> {
    await this.shoppers?.stop();
    this.shoppers = null;
    this.before = this.ended ?? (await mend(this.site));
    this.ended = null;
  }

  /** An item of this test alone. */
  item(): string {
    this.counter += 1;
    return `moves${Date.now().toString(36)}${this.counter}`;
  }

  async shopping(): Promise<Shoppers> {
    this.shoppers = await Shoppers.start(this.site, { prefix: this.item() });
    return this.shoppers;
  }

  /** Orders come in, nothing acknowledged is missing on that region, and every order is there once. */
  async nothingLost(active: string): Promise<void> {
    if (this.shoppers === null) throw new Error("nobody ordered anything");
    await this.shoppers.more(10);
    const bought = await this.shoppers.stop();
    const { gapMs, refused } = sufferedSince(bought, 0);
    const held = await heldBy(this.site, active, this.shoppers.prefix, bought);
    console.log(
      `${bought.length} orders acknowledged, ${held.count} written; longest time without one ${gapMs} ms, ${refused} attempts not served`,
    );
    expect(held).toMatchObject({ missing: [], doubled: 0 });
  }

  /** The site is well behind the test, with that region as its writer. */
  async endsWith(active: string): Promise<Standing> {
    this.ended = await settled();
    expect(this.ended.active).toBe(active);
    return this.ended;
  }

  /** What must be as before where nothing was changed. */
  async untouched() {
    const { writer, epoch, lock, history } = await keysOf(this.site);
    const databases = await Promise.all(
      Object.keys(this.site.regions).map(async (region) => {
        const { role, epoch: own, writable } = await databaseStatus(this.site, region);
        return { region, role, epoch: own, writable };
      }),
    );
    return { writer, epoch, lock, moves: history.length, databases };
  }

  /** Whatever may write, asked of a region that may not. */
  async refusesWrites(region: string): Promise<void> {
    const { ledger } = this.site.secrets;
    const headers = { "x-evenkeel-ledger-key": ledger.key, "content-type": "application/json" };
    const body = JSON.stringify({ id: "late", item: "late" });
    for (const path of ["/evenkeel-ledger/orders", "/wp-login.php"]) {
      const url = `${this.site.regions[region]?.url}${path}`;
      expect(await get(url, { method: "POST", headers, body })).toMatchObject({
        status: 503,
        headers: { "retry-after": "5" },
      });
    }
  }
}
