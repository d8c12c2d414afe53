import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { type Attempt, isAcknowledged, parseAttempt } from "../../automation/drill/attempt.ts";
import { type ClientSettings, clientDefaults } from "../../automation/drill/client-settings.ts";
import { startClient } from "../../automation/drill/running-client.ts";
import { clientBundle } from "../../automation/lab/client-host.ts";
import { makeAuthority, makeCertificate } from "../../automation/site/certificates.ts";
import type { Certificate } from "../../components/secrets.ts";
import { Names, Orders, Shop } from "./support/drill-shop.ts";

/** The client of drills as it runs on its host: the bundle, by the pinned Node, against servers that misbehave. */

const domain = "shop.lab.test";
const key = "the-key-of-the-ledger";
let folder: string;
let program: string;
let authority: Certificate;
let certificate: Certificate;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-drill-client-"));
  program = join(folder, "client.mjs");
  writeFileSync(program, await clientBundle());
  authority = await makeAuthority("shop");
  certificate = await makeCertificate(authority, {
    commonName: domain,
    use: "server",
    dns: [domain],
    ip: [],
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let orders: Orders;
let first: Shop;
let second: Shop;
let names: Names;
let settings: ClientSettings;
let ending: (() => Promise<unknown>)[];

beforeEach(async () => {
  orders = new Orders();
  [first, second] = [new Shop(certificate, orders), new Shop(certificate, orders)];
  names = new Names();
  const port = await first.listen("127.0.0.1", 0);
  await second.listen("127.0.0.2", port);
  const dns = { server: "127.0.0.1", port: await names.listen() };
  settings = {
    ...clientDefaults,
    domain,
    port,
    ca: authority.certificate,
    ledgerKey: key,
    dns,
    addresses: [],
    pinned: "127.0.0.1",
    item: "tea",
    prefix: "run",
    rate: 20,
    answerMs: 500,
    limitSeconds: 30,
  };
  ending = [];
});
afterEach(async () => {
  for (const end of ending) await end();
  names.close();
  await Promise.all([first.die(), second.die()]);
});

function client(more: Partial<ClientSettings> = {}) {
  const ledgerFile = join(folder, `ledger-${Date.now()}.jsonl`);
  const running = startClient({
    argv: [process.execPath, program],
    settings: { ...settings, ...more },
    ledgerFile,
  });
  ending.push(() => running.stop());
  return { running, ledgerFile };
}

const acknowledgedIds = (attempts: readonly Attempt[]) =>
  new Set(attempts.filter((one) => one.kind !== "read" && isAcknowledged(one)).map(({ id }) => id as string));

async function until(what: string, isThere: () => boolean, limitMs = 8000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!isThere()) {
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await delay(20);
  }
}

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
    const child = execa(process.execPath, [program], {
      input: `${JSON.stringify(settings)}\n`,
      reject: false,
    });
    const line = readFileSync(`/proc/${child.pid}/cmdline`, "utf8");
    const { stdout, stderr } = await child;
    for (const text of [line, stdout, stderr]) expect(text).not.toContain(key);
  });

  test("ends at the end of its input, by itself after its limit, and tells what was under way", async () => {
    const closed = await execa(process.execPath, [program], {
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
    const { exitCode, stdout, stderr } = await execa(process.execPath, [program], {
      input,
      reject: false,
      timeout: 5000,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(words);
    expect(first.asked).toEqual([]);
  });
});
