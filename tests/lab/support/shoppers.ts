import { ordersOf, stock } from "./keeper.ts";
import { eventually, get, type SiteHandle } from "./site.ts";

/** One order until it was acknowledged. Times are milliseconds since 1970 by the operator's machine. */
interface Bought {
  id: string;
  /** Of the attempt that was acknowledged. */
  sentMs: number;
  answeredMs: number;
  /** Statuses of the attempts before it; 0: no answer. */
  before: number[];
}

interface Start {
  /** Of all ids; it has no dash. */
  prefix: string;
  shoppers?: number;
  limitMs?: number;
}

const units = 1_000_000;
const answerMs = 10_000;
/** Between two orders of one shopper, and before one is asked for again: a page costs the machine 20 ms. */
const thinksMs = 120;
const triesAgainMs = 80;
const path = "/evenkeel-ledger";

/**
 * Shoppers at the site's public address, outside of all regions. Each asks for one order after the other, and for the
 * same one again until it is acknowledged, as people do who were not told. `limitMs` ends them where nobody else does.
 */
export class Shoppers {
  readonly prefix: string;
  private readonly site: SiteHandle;
  private readonly bought: Bought[] = [];
  private running: Promise<unknown> = Promise.resolve();
  private isOpen = true;

  private constructor(site: SiteHandle, prefix: string) {
    this.site = site;
    this.prefix = prefix;
  }

  /** Returns when orders come in. */
  static async start(
    site: SiteHandle,
    { prefix, shoppers = 2, limitMs = 280_000 }: Start,
  ): Promise<Shoppers> {
    await eventually("the ledger takes stock", 30_000, async () => {
      await stock(site, prefix);
      return true;
    });
    const all = new Shoppers(site, prefix);
    const endMs = Date.now() + limitMs;
    all.running = Promise.all(Array.from({ length: shoppers }, (_, n) => all.shop(n, endMs)));
    await all.more(10);
    return all;
  }

  private async shop(shopper: number, endMs: number): Promise<void> {
    for (let n = 0; this.isOpen && Date.now() < endMs; n += 1) {
      const id = `${this.prefix}-${shopper}-${String(n).padStart(6, "0")}`;
      const before: number[] = [];
      while (this.isOpen && Date.now() < endMs) {
        const sentMs = Date.now();
        const status = await order(this.site, { id, item: this.prefix });
        if (status === 201 || status === 200) {
          this.bought.push({ id, sentMs, answeredMs: Date.now(), before });
          break;
        }
        before.push(status);
        await new Promise((wake) => setTimeout(wake, triesAgainMs));
      }
      await new Promise((wake) => setTimeout(wake, thinksMs));
    }
  }

  /** So many further orders were sent and acknowledged. */
  async more(count: number, timeoutMs = 60_000): Promise<void> {
    const fromMs = Date.now();
    await eventually(`${count} more orders are acknowledged`, timeoutMs, async () =>
      this.bought.filter(({ sentMs }) => sentMs >= fromMs).length >= count ? true : null,
    );
  }

  /** All that were acknowledged, in order of their answers. */
  async stop(): Promise<Bought[]> {
    this.isOpen = false;
    await this.running;
    return this.bought.sort((one, other) => one.answeredMs - other.answeredMs);
  }
}

/** The status of one order at the public address; 0: no answer. */
export async function order(
  site: SiteHandle,
  { id, item, url = site.url }: { id: string; item: string; url?: string },
): Promise<number> {
  try {
    const { status } = await get(`${url}${path}/orders`, {
      method: "POST",
      headers: { "x-evenkeel-ledger-key": site.secrets.ledger.key, "content-type": "application/json" },
      body: JSON.stringify({ id, item }),
      timeoutMs: answerMs,
    });
    return status;
  } catch {
    return 0;
  }
}

/** What a region's database holds of an item's orders. */
export interface Held {
  /** Acknowledged, and not there. */
  missing: string[];
  /** Units that were taken beyond one for each order that is there. */
  doubled: number;
  count: number;
}

export async function heldBy(
  site: SiteHandle,
  region: string,
  prefix: string,
  bought: readonly Pick<Bought, "id">[],
): Promise<Held> {
  const written = await ordersOf(site, region, prefix);
  const unique = new Set(written);
  const url = `${site.regions[region]?.url}${path}/stock?item=${prefix}`;
  const { body } = await get(url, { headers: { "x-evenkeel-ledger-key": site.secrets.ledger.key } });
  const { units: left } = JSON.parse(body) as { units: number };
  return {
    missing: bought.map(({ id }) => id).filter((id) => !unique.has(id)),
    doubled: units - left - unique.size,
    count: written.length,
  };
}

/** The longest time without an acknowledgement from then on, and how many attempts were refused or not answered. */
export function sufferedSince(
  bought: readonly Bought[],
  sinceMs: number,
): { gapMs: number; refused: number } {
  const times = bought.map(({ answeredMs }) => answeredMs).filter((at) => at >= sinceMs);
  const gaps = times.slice(1).map((at, i) => at - (times[i] as number));
  return { gapMs: Math.max(0, ...gaps), refused: bought.flatMap(({ before }) => before).length };
}
