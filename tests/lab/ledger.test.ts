import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import { databaseStatus, databaseVerb } from "./support/database.ts";
import { bothInSync } from "./support/keeper.ts";
import { cli, eventually, get, type Reply, type SiteHandle, site } from "./support/site.ts";
import { openGates } from "./support/web.ts";

/** The order ledger, on whichever engine the site has: `npm run soak -- --only engines` runs this on the others. */
jest.setTimeout(120_000);

let now: SiteHandle;
/** Each run has items of its own: the ledger forgets nothing. */
const run = `${Date.now().toString(36)}`;
const minute = 60_000;

beforeAll(async () => {
  now = await site();
});

const ask = (url: string, path: string, body?: unknown, key = now.secrets.ledger.key): Promise<Reply> =>
  get(`${url}/evenkeel-ledger/${path}`, {
    headers: { "x-evenkeel-ledger-key": key, "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    timeoutMs: 20_000,
  });
const urlOf = (region: string) => now.regions[region]?.url as string;
const order = (id: string, item: string, url = now.url) => ask(url, "orders", { id, item });
const stocked = async (item: string, units: number) =>
  expect((await ask(now.url, "stock", { item, units })).status).toBe(201);

async function unitsOf(item: string): Promise<number> {
  return (JSON.parse((await ask(now.url, `stock?item=${item}`)).body) as { units: number }).units;
}

async function orders(from: string, to: string, url = now.url): Promise<string[]> {
  const { body } = await ask(url, `orders?from=${from}&to=${to}&limit=10000`);
  return (JSON.parse(body) as { orders: { id: string }[] }).orders.map(({ id }) => id);
}

describe("[D9] the order ledger", () => {
  test("wants the site's key, and says what is wrong with what it is given", async () => {
    for (const key of ["", "wrong"]) expect((await ask(now.url, "orders", undefined, key)).status).toBe(403);
    const wrong: [path: string, body: unknown][] = [
      ["orders", { id: "a b", item: "tea" }],
      ["orders", { id: "a", item: "'; DROP TABLE evenkeel_orders; --" }],
      ["orders", { id: "x".repeat(65), item: "tea" }],
      ["orders", []],
      ["stock", { item: "tea", units: -1 }],
      ["stock", { item: "tea", units: "many" }],
    ];
    for (const [path, body] of wrong)
      expect({ body, status: (await ask(now.url, path, body)).status }).toEqual({ body, status: 400 });
    expect((await ask(now.url, "orders?limit=0")).status).toBe(400);
    expect((await ask(now.url, "elsewhere")).status).toBe(404);
    expect((await ask(now.url, `stock?item=none-${run}`)).status).toBe(404);
  });

  test("writes an order once, takes one unit with it, and lists orders by a range of ids", async () => {
    const item = `tea-${run}`;
    const id = (n: number) => `${run}-a${n}`;
    await stocked(item, 3);
    for (const n of [1, 2, 3]) expect((await order(id(n), item)).status).toBe(201);
    // Again: the same order, acknowledged once more and written no second time, also with nothing left.
    expect((await order(id(2), item)).status).toBe(200);
    expect(await unitsOf(item)).toBe(0);
    const soldOut = await order(id(4), item);
    expect(soldOut).toMatchObject({ status: 409, body: expect.stringContaining("no unit") });
    await stocked(`milk-${run}`, 1);
    expect(await order(id(1), `milk-${run}`)).toMatchObject({ status: 409 });
    expect(await unitsOf(`milk-${run}`)).toBe(1);
    expect(await orders(id(2), id(9))).toEqual([id(2), id(3)]);
  });

  test("sells no more than there is to buyers who come at once", async () => {
    const item = `last-${run}`;
    await stocked(item, 5);
    const answers = await Promise.all(Array.from({ length: 15 }, (_, n) => order(`${run}-b${n}`, item)));
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect({ written: count(201), refused: count(409) }).toEqual({ written: 5, refused: 10 });
    expect(await unitsOf(item)).toBe(0);
    expect(await orders(`${run}-b`, `${run}-bz`)).toHaveLength(5);
  });

  test("a standby lists what the active region has written, and takes no order", async () => {
    const item = `cup-${run}`;
    await stocked(item, 1);
    expect((await order(`${run}-c1`, item)).status).toBe(201);
    await eventually("the order is on the standby", 10_000, async () =>
      (await orders(`${run}-c`, `${run}-cz`, urlOf("secondary"))).length === 1 ? true : null,
    );
    const refused = await order(`${run}-c2`, item, urlOf("secondary"));
    expect(refused).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
    expect(await orders(`${run}-c`, `${run}-cz`)).toEqual([`${run}-c1`]);
  });

  test(
    "a switch by the host commands under orders, there and back: every acknowledged one is on the new writer, once",
    async () => {
      const item = `busy-${run}`;
      const units = 100_000;
      await stocked(item, units);
      const acknowledged: string[] = [];
      let stopped = false;
      const buyer = async (name: string) => {
        for (let n = 0; !stopped; n += 1) {
          const id = `${run}-d${name}${String(n).padStart(6, "0")}`;
          const status = await order(id, item).then(
            (reply) => reply.status,
            () => 0,
          );
          if (status === 201 || status === 200) acknowledged.push(id);
          await new Promise((wake) => setTimeout(wake, 20));
        }
      };
      const buyers = ["x", "y"].map(buyer);
      const { epoch } = await databaseStatus(now, "primary");
      try {
        await eventually("orders come in", 20_000, async () => (acknowledged.length > 20 ? true : null));
        const switched = [
          ["primary", "secondary", epoch + 1],
          ["secondary", "primary", epoch + 2],
        ] as const;
        for (const [from, to, next] of switched) {
          // Only a region that holds all that was acknowledged is given the lease.
          await bothInSync(now);
          await databaseVerb(now, from, ["demote"]);
          await databaseVerb(now, to, ["promote", "--epoch", String(next)]);
          await openGates(now, to);
          await databaseVerb(now, from, ["follow", to]);
          const before = acknowledged.length;
          await eventually(`orders come in at epoch ${next}`, 30_000, async () =>
            acknowledged.length > before + 20 ? true : null,
          );
        }
      } finally {
        stopped = true;
        await Promise.all(buyers);
      }
      const written = await orders(`${run}-d`, `${run}-dz`);
      console.log(`${acknowledged.length} orders acknowledged, ${written.length} written`);
      expect(acknowledged.filter((id) => !written.includes(id))).toEqual([]);
      expect(new Set(written).size).toBe(written.length);
      expect(await unitsOf(item)).toBe(units - written.length);
      await eventually("healthy again", 30_000, async () =>
        (await cli(["status"])).exitCode === 0 ? true : null,
      );
      await eventually("the standby has all of them", 10_000, async () =>
        (await orders(`${run}-d`, `${run}-dz`, urlOf("secondary"))).length === written.length ? true : null,
      );
    },
    4 * minute,
  );
});
