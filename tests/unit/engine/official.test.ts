import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { fetchIntoCache, tryOfficialWay } from "../../../automation/engine/official.ts";
import { scratchFolder } from "./scratch.ts";

const cache = scratchFolder();
let server: Server;
let addresses: string[];
beforeAll(async () => {
  server = createServer((_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  addresses = [`http://127.0.0.1:${(server.address() as AddressInfo).port}/`];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const context = (signal = new AbortController().signal) => ({ signal, say: () => undefined });
const way = (name: string, fetch: () => Promise<string | null>) => ({
  cache,
  name,
  what: "the official thing",
  addresses,
  fetch,
});

describe("the official way", () => {
  test("is tried; its failure is told and not tried again, and a new version is tried at once", async () => {
    let tries = 0;
    const fails = async () => {
      tries++;
      return "no network";
    };
    expect(await tryOfficialWay(way("thing-1", fails), context())).toBe("no network");
    expect(await tryOfficialWay(way("thing-1", fails), context())).toBe("no network (tried 0 min ago)");
    expect(tries).toBe(1);
    expect(
      await tryOfficialWay(
        way("thing-2", async () => null),
        context(),
      ),
    ).toBeNull();
  });

  test("says nothing of itself when it was interrupted", async () => {
    const stop = new AbortController();
    const interrupted = way("thing-3", async () => {
      stop.abort();
      return "cut short";
    });
    await expect(tryOfficialWay(interrupted, context(stop.signal))).rejects.toMatchObject({ exitCode: 130 });
    expect(
      await tryOfficialWay(
        way("thing-3", async () => null),
        context(),
      ),
    ).toBeNull();
  });
});

describe("fetching into the cache", () => {
  const place = (name: string) => ({ cache, name, lockTimeoutMs: 5000 });

  test("keeps a whole folder; of one that failed only the reason is left", async () => {
    const fill = async (folder: string) => {
      writeFileSync(join(folder, "file"), "");
      return null;
    };
    expect(await fetchIntoCache(place("good/1"), fill)).toBeNull();
    expect(existsSync(join(cache, "good/1/file"))).toBe(true);
    const half = async (folder: string) => {
      await fill(folder);
      return "the checksum differs";
    };
    expect(await fetchIntoCache(place("bad/1"), half)).toBe("the checksum differs");
    expect(existsSync(join(cache, "bad/1"))).toBe(false);
  });

  test("throws what is no reason but a fault", async () => {
    const faulty = async () => {
      throw new TypeError("a bug");
    };
    await expect(fetchIntoCache(place("faulty/1"), faulty)).rejects.toThrow("a bug");
  });
});
