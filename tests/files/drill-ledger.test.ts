import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type Attempt, isAcknowledged, parseAttempt } from "../../automation/drill/attempt.ts";
import {
  acknowledgedIds,
  type Built,
  buildClient,
  openStreet,
  type Street,
  until,
} from "./support/drill-client.ts";
import type { Names, Orders, Shop } from "./support/drill-shop.ts";

/** As drill-client.test.ts: what it notes of servers that misbehave. */

let built: Built;
beforeAll(async () => {
  built = await buildClient();
});
afterAll(() => built.remove());

let street: Street;
let orders: Orders;
let first: Shop;
let names: Names;
let client: Street["client"];
beforeEach(async () => {
  street = await openStreet(built);
  ({ orders, first, names, client } = street);
});
afterEach(() => street.close());

describe("the ledger of a drill's client", () => {
  test("is what the shop acknowledged, through refusals, hanging, lost answers and a move", async () => {
    const { running, ledgerFile } = client();
    const { attempts } = running;
    const seen = (is: (one: Attempt) => boolean) => () => attempts.some(is);
    await until("orders", () => acknowledgedIds(attempts).size > 20);
    first.mode = "refuses";
    await until(
      "refusals",
      seen(({ status, kind }) => status === 503 && kind === "order"),
    );
    first.mode = "hangs";
    await until(
      "deadlines",
      seen(({ error, kind }) => error === "deadline" && kind === "order"),
    );
    first.mode = "cuts";
    await until(
      "lost answers",
      seen(({ error, kind }) => error === "ECONNRESET" && kind === "order"),
    );
    first.mode = "refuses";
    names.address = "127.0.0.2";
    await until("the other server", () => {
      const there = attempts.filter((one) => one.address === "127.0.0.2" && isAcknowledged(one));
      return there.filter(({ kind }) => kind === "order").length > 20;
    });
    const all = await running.stop();
    expect(acknowledgedIds(all)).toEqual(new Set(orders.acknowledged));
    const file = readFileSync(ledgerFile, "utf8").trim().split("\n");
    expect(file.map(parseAttempt)).toEqual(all);
    // What was written behind a lost answer was ordered again under its own id, and written once.
    const again = all.filter(({ kind, status }) => kind === "order" && status === 200);
    expect(again.length).toBeGreaterThan(0);
    const written = all.filter(({ status, kind }) => status === 201 && kind !== "read").map(({ id }) => id);
    expect(new Set(written).size).toBe(written.length);
    expect(running.lost()).toBeNull();
  });

  test("numbers the orders of each connection without a gap, and asks no next one before an answer", async () => {
    const { running } = client();
    await until("orders", () => acknowledgedIds(running.attempts).size > 10);
    first.mode = "refuses";
    await delay(300);
    first.mode = "open";
    await delay(300);
    const all = await running.stop();
    for (const connection of ["1", "2", "3", "4", "pinned"]) {
      const own = all.filter((one) => one.connection === connection);
      const numbers = [...new Set(own.map(({ id }) => Number(id?.split("-").at(-1))))];
      expect(numbers).toEqual(numbers.map((_, i) => i + 1));
      own.forEach((one, i) => {
        const next = own[i + 1];
        if (next !== undefined && !isAcknowledged(one)) expect(next.id).toBe(one.id);
      });
    }
    expect(
      all.some(({ status, retryAfter, role }) => status === 503 && retryAfter && role === "standby"),
    ).toBe(true);
  });

  test("has the connection that stays with the old address, whatever the name says", async () => {
    names.address = "127.0.0.2";
    const { running } = client();
    await until("orders", () => acknowledgedIds(running.attempts).size > 10);
    const all = await running.stop();
    const addresses = (kind: Attempt["kind"]) =>
      new Set(all.filter((one) => one.kind === kind).map((one) => one.address));
    expect(addresses("pinned")).toEqual(new Set(["127.0.0.1"]));
    expect(addresses("order")).toEqual(new Set(["127.0.0.2"]));
    expect(addresses("read")).toEqual(new Set(["127.0.0.2"]));
  });

  test("has no time that a hanging server could stretch", async () => {
    first.mode = "hangs";
    const { running } = client();
    await until("deadlines", () => running.attempts.length > 14);
    const all = await running.stop();
    for (const { sentMs, answeredMs, status } of all) {
      expect(status).toBe(0);
      expect(answeredMs - sentMs).toBeGreaterThanOrEqual(490);
      expect(answeredMs - sentMs).toBeLessThan(1500);
    }
  });

  test("takes no answer from a server with another name", async () => {
    const { running } = client({ domain: "other.lab.test" });
    await until("attempts", () => running.attempts.length > 10);
    const all = await running.stop();
    expect(new Set(all.map(({ status, error }) => `${status} ${error}`))).toEqual(
      new Set(["0 ERR_TLS_CERT_ALTNAME_INVALID"]),
    );
    expect(first.asked).toEqual([]);
  });

  test("goes to the other server as soon as a host is gone, and not only when the TTL is over", async () => {
    names.ttl = 600;
    const { running } = client({ pinned: null });
    await until("orders", () => acknowledgedIds(running.attempts).size > 10);
    names.address = "127.0.0.2";
    await first.die();
    const diedMs = performance.timeOrigin + performance.now();
    await until("orders there", () =>
      running.attempts.some((one) => one.address === "127.0.0.2" && isAcknowledged(one)),
    );
    const all = await running.stop();
    const back = all.find((one) => one.address === "127.0.0.2" && isAcknowledged(one));
    expect((back?.answeredMs ?? 0) - diedMs).toBeLessThan(1500);
    await first.listen("127.0.0.1", 0);
  });

  test("heeds the TTL: a name that says the same is asked once in it, however many connections there are", async () => {
    names.ttl = 600;
    const { running } = client();
    await until("orders", () => acknowledgedIds(running.attempts).size > 40);
    await running.stop();
    expect(names.asked).toBe(1);
  });
});
