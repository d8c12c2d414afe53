import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import { putApart } from "./distance.ts";
import { Buyers, cut, heal, inside, isAcknowledged, machineOf, type Order, upMs } from "./faults.ts";
import { bothInSync, keysOf, longestGap, ordersOf, putDurability, stock } from "./keeper.ts";
import { pauseMachine, unpauseMachine } from "./lab.ts";
import { eventually, type SiteHandle, site } from "./site.ts";

/** writer.md, W3: the lease T, and with it the latest moment at which an answer may leave a host that was cut off. */
export const leaseMs = 2400;
/** From the host's answer to the buyer's note of it, on a machine that is busy with other tests. */
export const slackMs = 400;

export const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));

/** For each test of a file a trial of its own: begun before it, mended behind it however it ended. */
export function trialEach(): () => Trials {
  let trials: Trials | undefined;
  const begun = () => {
    if (trials === undefined) throw new Error("no trial has begun");
    return trials;
  };
  beforeAll(async () => {
    trials = await Trials.begin();
  });
  beforeEach(() => begun().next());
  afterEach(() => begun().mend());
  afterAll(() => trials?.end());
  return begun;
}

/** When something was, and what was acknowledged meanwhile, in milliseconds of the machine's boot. */
export interface Cutting {
  acknowledged: Order[];
  cutMs: number;
  healedMs: number;
}

/**
 * Buyers on the active region's own web host go on ordering while faults happen to the primary, the active region. The
 * orders of one trial after the other have prefixes of their own.
 */
export class Trials {
  readonly site: SiteHandle;
  private counter = 0;
  private prefix = "";
  private readonly close: () => Promise<void>;

  private constructor(handle: SiteHandle, close: () => Promise<void>) {
    this.site = handle;
    this.close = close;
  }

  /** On a site whose regions are, where EVENKEEL_DISTANCE_MS says so, that much longer apart for as long as this lasts. */
  static async begin(): Promise<Trials> {
    const handle = await site();
    const milliseconds = Number(process.env.EVENKEEL_DISTANCE_MS ?? "0");
    const machines = ["primary/database", "primary/gateway"].map((id) => machineOf(handle, id));
    const peers = ["secondary/database", "secondary/gateway", "third/edge"];
    const close = await putApart({
      machines,
      peers: peers.map((id) => handle.host(id).peeringAddress as string),
      milliseconds,
    });
    return new Trials(handle, close);
  }

  async end(): Promise<void> {
    await this.close();
  }

  machine(hostId: string): string {
    return machineOf(this.site, hostId);
  }

  /** All of the link between the regions. */
  link(): string[] {
    const { peeringAddress } = this.site.host("primary/gateway");
    return [`${peeringAddress?.replace(/\d+$/, "0")}/24`];
  }

  activeHosts(): string[] {
    return [this.machine("primary/database"), this.machine("primary/gateway")];
  }

  /** Before each trial: both regions hold everything, and there is something to order. */
  async next(): Promise<void> {
    this.counter += 1;
    this.prefix = `lease${Date.now().toString(36)}${this.counter}`;
    await bothInSync(this.site);
    await eventually("the ledger takes stock", 30_000, async () => {
      await stock(this.site, this.prefix);
      return true;
    });
  }

  /** After each trial, however it ended. */
  async mend(): Promise<void> {
    const others = ["secondary/database", "secondary/gateway"].map((id) => this.machine(id));
    await Promise.all([...this.activeHosts(), ...others].map(heal));
    await putDurability(this.site, "bounded");
    await bothInSync(this.site);
  }

  async buyers(): Promise<Buyers> {
    const buyers = await Buyers.start(this.site, "primary", { prefix: this.prefix, item: this.prefix });
    await eventually("orders come in", 20_000, async () =>
      (await this.ordersIn("primary")).length > 10 ? true : null,
    );
    return buyers;
  }

  /** Orders while `faults` happen; they began to be acknowledged before, and are again after it. */
  async ordering(faults: () => Promise<void>): Promise<Order[]> {
    const buyers = await this.buyers();
    try {
      await faults();
      const before = await eventually("orders can be listed again", 60_000, () => this.ordersIn("primary"));
      await eventually("orders come in again", 60_000, async () =>
        (await this.ordersIn("primary")).length > before.length + 10 ? true : null,
      );
    } finally {
      await Promise.all(this.activeHosts().map(heal));
    }
    return (await buyers.stop()).filter(isAcknowledged);
  }

  /** Of this trial, what a region's database holds. */
  async ordersIn(region: string): Promise<string[]> {
    return await ordersOf(this.site, region, this.prefix);
  }

  /** What was acknowledged and is not held; and whether the standby comes to hold as much as the writer. */
  async missing(acknowledged: readonly Order[]): Promise<string[]> {
    const written = await this.ordersIn("primary");
    await eventually("the standby has them all", 20_000, async () =>
      (await this.ordersIn("secondary")).length === written.length ? true : null,
    );
    return acknowledged.map(({ id }) => id).filter((id) => !written.includes(id));
  }

  /** No commit waits for anybody. */
  async waitForNobody(): Promise<void> {
    await putDurability(this.site, "async");
    await eventually("commits wait for nobody", 20_000, async () =>
      (await keysOf(this.site)).sync?.regions.join() === "primary" ? true : null,
    );
  }

  /** The active region's hosts cut off from these for so long; no addresses: from all of the link. */
  async cutting(
    ms: number,
    { from = this.link(), ...ways }: { from?: string[]; hears?: boolean; sends?: boolean } = {},
  ): Promise<Cutting> {
    let cutMs = 0;
    let healedMs = 0;
    const acknowledged = await this.ordering(async () => {
      await Promise.all(this.activeHosts().map((host) => cut(host, { from, ...ways })));
      cutMs = await upMs(this.machine("primary/database"));
      await pause(ms);
      healedMs = await upMs(this.machine("primary/database"));
      await Promise.all(this.activeHosts().map(heal));
    });
    return { acknowledged, cutMs, healedMs };
  }

  /** The regions hear nothing of each other, and both hear the third place. */
  async withoutStandby(ms: number): Promise<Cutting> {
    const peers = ["secondary/database", "secondary/gateway"];
    return await this.cutting(ms, { from: peers.map((id) => this.site.host(id).peeringAddress as string) });
  }
}

/** From the cut to the last acknowledgement before it was healed, and from then to the first behind it. */
export function lastAcknowledgement({ acknowledged, cutMs, healedMs }: Cutting): {
  count: number;
  lastMs: number;
  backMs: number;
} {
  const between = acknowledged.filter(({ answeredMs }) => answeredMs > cutMs && answeredMs < healedMs);
  return {
    count: between.length,
    lastMs: Math.max(0, ...between.map(({ answeredMs }) => answeredMs - cutMs)),
    backMs: longestGap(acknowledged, cutMs).endedMs - healedMs,
  };
}

/** What was sent behind the cut and acknowledged before it was healed. */
export function acknowledgedDuring({ acknowledged, cutMs, healedMs }: Cutting): Order[] {
  return acknowledged.filter(({ sentMs, answeredMs }) => sentMs > cutMs && answeredMs < healedMs);
}

/** Freezes a machine, as a hypervisor that is too busy does, and lets it go on after so long. */
export async function freeze(machine: string, ms: number): Promise<{ frozenMs: number; wokenMs: number }> {
  const before = await upMs(machine);
  const asked = performance.now();
  await pauseMachine(machine);
  // A busy machine takes its time, and until then all goes on.
  const frozenMs = before + performance.now() - asked;
  try {
    await pause(ms);
  } finally {
    await unpauseMachine(machine);
  }
  return { frozenMs, wokenMs: await upMs(machine) };
}
