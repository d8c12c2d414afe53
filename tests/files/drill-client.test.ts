import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import type { ClientSettings } from "../../automation/drill/client-settings.ts";
import {
  acknowledgedIds,
  type Built,
  buildClient,
  domain,
  key,
  openStreet,
  type Street,
  until,
} from "./support/drill-client.ts";
import type { Orders, Shop } from "./support/drill-shop.ts";

/** The client of drills as it runs on its host: the bundle, by the pinned Node, against servers that misbehave. */

let built: Built;
beforeAll(async () => {
  built = await buildClient();
});
afterAll(() => built.remove());

let street: Street;
let orders: Orders;
let first: Shop;
let settings: ClientSettings;
let client: Street["client"];
beforeEach(async () => {
  street = await openStreet(built);
  ({ orders, first, settings, client } = street);
});
afterEach(() => street.close());

describe("a drill's client", () => {
  test("reads pages as an anonymous visitor, and shows its key with orders alone", async () => {
    const { running } = client({ readPath: "/some/page" });
    await until("orders", () => acknowledgedIds(running.attempts).size > 10);
    await running.stop();
    const pages = first.asked.filter(({ id }) => id === null);
    expect(new Set(pages.map(({ path, key: shown }) => `${path} ${shown}`))).toEqual(
      new Set(["/some/page undefined"]),
    );
    expect(new Set(first.asked.flatMap(({ id, key: shown }) => (id === null ? [] : [shown])))).toEqual(
      new Set([key]),
    );
  });

  test("has nothing secret in its arguments or in what it tells", async () => {
    const child = execa(process.execPath, [built.program], {
      input: `${JSON.stringify(settings)}\n`,
      reject: false,
    });
    const line = readFileSync(`/proc/${child.pid}/cmdline`, "utf8");
    const { stdout, stderr } = await child;
    for (const text of [line, stdout, stderr]) expect(text).not.toContain(key);
  });

  test("ends at the end of its input, by itself after its limit, and tells what was under way", async () => {
    const closed = await execa(process.execPath, [built.program], {
      input: `${JSON.stringify({ ...settings, limitSeconds: 20 })}\n`,
      reject: false,
      timeout: 5000,
    });
    expect(closed.exitCode).toBe(0);
    const { running } = client({ limitSeconds: 1 });
    await until("its end", () => running.lost() !== null, 5000);
    expect(running.lost()).toBe("exit 0");
    const all = await running.stop();
    expect(acknowledgedIds(all)).toEqual(new Set(orders.acknowledged));
  });

  test.each([
    ["nothing", "", "standard input ended"],
    ["no JSON", "hello\n", "no JSON document"],
    ["no key", `${JSON.stringify({ domain })}\n`, "ca is missing"],
  ])("given %s says what is missing and asks nobody (exit 2)", async (_, input, words) => {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [built.program], {
      input,
      reject: false,
      timeout: 5000,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(words);
    expect(first.asked).toEqual([]);
  });
});
