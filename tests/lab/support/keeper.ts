import { inside, machineOf, type Order } from "./faults.ts";
import { eventually, get, type SiteHandle } from "./site.ts";

/** What etcd holds of the site, as a member outside of both regions says it. */
export interface Keys {
  writer: { region: string; epoch: number } | null;
  epoch: number | null;
  sync: { regions: string[]; joined: boolean } | null;
  durability: string | null;
  /** The operator's lock; null: nobody has it. */
  lock: { run: string; who: string } | null;
  /** The last moves, the newest last. */
  history: { run: string; kind: string; from: string | null; to: string; epoch: number }[];
}

export async function keysOf(site: SiteHandle): Promise<Keys> {
  return JSON.parse(await inside(machineOf(site, "third/edge"), "evenkeel-etcd get --deadline 10")) as Keys;
}

export async function putDurability(site: SiteHandle, mode: string): Promise<void> {
  await inside(machineOf(site, "third/edge"), `evenkeel-etcd put-durability ${mode} --deadline 10`);
}

/** Waits until both regions hold everything, which they do again after each fault. */
export async function bothInSync(site: SiteHandle): Promise<void> {
  await eventually("both regions are in sync", 60_000, async () =>
    (await keysOf(site)).sync?.regions.join() === "primary,secondary" ? true : null,
  );
}

export interface JournalLine {
  atMs: number;
  text: string;
}

/** What a host's keeper said since then, with the machine's time. */
export async function keeperSaid(site: SiteHandle, hostId: string, sinceMs: number): Promise<JournalLine[]> {
  const argv = "journalctl -u evenkeel-keeper -o json --output-fields=MESSAGE --no-pager -n 400";
  const lines = (await inside(machineOf(site, hostId), argv)).split("\n").filter((line) => line !== "");
  return lines
    .map((line) => JSON.parse(line) as { MESSAGE: string; __MONOTONIC_TIMESTAMP: string })
    .map(({ MESSAGE, __MONOTONIC_TIMESTAMP }) => ({
      atMs: Number(__MONOTONIC_TIMESTAMP) / 1000,
      text: MESSAGE,
    }))
    .filter(({ atMs }) => atMs >= sinceMs);
}

const path = "/evenkeel-ledger";

export async function stock(site: SiteHandle, item: string): Promise<void> {
  const { status } = await get(`${site.url}${path}/stock`, {
    method: "POST",
    headers: { "x-evenkeel-ledger-key": site.secrets.ledger.key, "content-type": "application/json" },
    body: JSON.stringify({ item, units: 1_000_000 }),
  });
  if (status !== 201) throw new Error(`the ledger takes no stock: ${status}`);
}

/** Ids of the orders that a region's database holds, by their prefix. */
export async function ordersOf(site: SiteHandle, region: string, prefix: string): Promise<string[]> {
  const { body } = await get(
    `${site.regions[region]?.url}${path}/orders?from=${prefix}&to=${prefix}z&limit=10000`,
    { headers: { "x-evenkeel-ledger-key": site.secrets.ledger.key } },
  );
  return (JSON.parse(body) as { orders: { id: string }[] }).orders.map(({ id }) => id);
}

/** The longest time in which nothing was acknowledged, from `fromMs` on: how long, and when it began and ended. */
export function longestGap(
  acknowledged: readonly Order[],
  fromMs: number,
): { ms: number; beganMs: number; endedMs: number } {
  const times = acknowledged.map(({ answeredMs }) => answeredMs).filter((at) => at >= fromMs);
  const gaps = times.slice(1).map((endedMs, i) => ({ beganMs: times[i] as number, endedMs }));
  const all = gaps.map((gap) => ({ ...gap, ms: gap.endedMs - gap.beganMs }));
  return all.reduce((most, gap) => (gap.ms > most.ms ? gap : most), {
    ms: 0,
    beganMs: fromMs,
    endedMs: fromMs,
  });
}
