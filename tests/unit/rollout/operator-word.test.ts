import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { siteConfig } from "../../../automation/site.ts";
import { move } from "../failover/sites.ts";
import { type EtcdFake, etcdFake } from "./etcd-fake.ts";

/** `pause` and `ack` at work on a clone of its own, with a site's etcd behind them. */
let root: string;
let etcd: EtcdFake;

const real = {
  hosts: await import("../../../automation/hosts.ts"),
  site: await import("../../../automation/site.ts"),
  built: await import("../../../automation/status/built.ts"),
};
const place = () => real.site.sitePlace("shop", root);
jest.unstable_mockModule("../../../automation/hosts.ts", () => ({
  ...real.hosts,
  openHosts: async () => etcd.ssh,
}));
jest.unstable_mockModule("../../../automation/status/built.ts", () => ({
  ...real.built,
  builtSite: async () => ({
    session: { place: place(), config: siteConfig(place()), secrets: {} },
    outputs: etcd.outputs,
  }),
}));
const { ack } = await import("../../../automation/rollout/ack.ts");
const { pause } = await import("../../../automation/rollout/pause.ts");

let printed: jest.SpiedFunction<typeof process.stdout.write>;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-word-"));
  for (const name of readdirSync(real.site.home).filter((each) => /^Pulumi.*\.yaml$/.test(each)))
    cpSync(join(real.site.home, name), join(root, name));
  mkdirSync(place().stateDirectory, { recursive: true });
  etcd = etcdFake();
  printed = jest.spyOn(process.stdout, "write").mockReturnValue(true);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

const document = () => JSON.parse(String(printed.mock.lastCall?.[0]));
const journal = () =>
  readFileSync(real.site.journalFile(place()), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .map(({ event, command, exitCode }) => [event, command, exitCode]);
const silence = () => {
  for (const id of Object.keys(etcd.members)) etcd.members[id] = "failed";
};
const paused = async (args: { duration?: string; off?: boolean }) => {
  await pause({ site: "shop", format: "json", duration: args.duration, off: args.off ?? false });
  return document();
};

describe("pause", () => {
  test("puts its end into etcd with who said it, takes it away again, and notes both in the journal", async () => {
    const before = Math.floor(Date.now() / 1000);
    const said = await paused({ duration: "30m" });
    expect(said).toMatchObject({ apiVersion: "evenkeel/v1", site: "shop", paused: true });
    const { until, who } = etcd.keys.pause ?? {};
    expect(until).toBeGreaterThanOrEqual(before + 1800);
    expect(until).toBeLessThanOrEqual(before + 1810);
    expect(new Date(said.until).getTime()).toBe((until ?? 0) * 1000);
    expect(who).toMatch(/./);
    expect(await paused({ off: true })).toMatchObject({ paused: false, until: null });
    expect(etcd.keys.pause).toBeNull();
    expect(journal()).toEqual([
      ["start", "pause --for 30m", undefined],
      ["end", "pause --for 30m", 0],
      ["start", "pause --off", undefined],
      ["end", "pause --off", 0],
    ]);
    expect(etcd.closed).toBe(2);
  });

  test.each([
    ["neither of both", {}, "--for DURATION or --off"],
    ["both", { duration: "1h", off: true }, "not both"],
    ["more than a week", { duration: "8d" }, "at most 7d"],
    ["no duration", { duration: "soon" }, 'got "soon"'],
  ])("with %s is refused (2) before anybody is asked", async (_, args, what) => {
    await expect(paused(args)).rejects.toMatchObject({ exitCode: 2, what: expect.stringContaining(what) });
    expect(etcd.told).toEqual([]);
  });

  test("without a majority ends with 1, and its journal says so", async () => {
    silence();
    await expect(paused({ duration: "1h" })).rejects.toMatchObject({ exitCode: 1, code: "no-majority" });
    expect(journal().at(-1)).toEqual(["end", "pause --for 1h", 1]);
    expect(etcd.closed).toBe(1);
  });

  test("whose answer is lost says that nobody knows, and what to run", async () => {
    etcd.members["primary/gateway"] = "deaf";
    await expect(paused({ duration: "1h" })).rejects.toMatchObject({
      code: "etcd-put",
      what: "the pause of shop was not changed for sure",
      next: "npx evenkeel pause --for 1h",
    });
  });
});

describe("ack", () => {
  const acknowledged = async () => {
    await ack({ site: "shop", format: "json" });
    return document();
  };

  test("acknowledges the last failover, once", async () => {
    etcd.keys.history = [move({ run: "r0" }), move(), move({ run: "r2", kind: "failback" })];
    expect(await acknowledged()).toMatchObject({ acknowledged: { run: "r1" }, changed: true });
    expect(etcd.keys.ack).toMatchObject({ run: "r1", who: expect.any(String), at: expect.any(String) });
    expect(await acknowledged()).toMatchObject({ acknowledged: { run: "r1" }, changed: false });
    expect(etcd.told).toEqual(["primary/gateway ack"]);
  });

  test("puts nothing where there was no failover", async () => {
    etcd.keys.history = [move({ kind: "switchover" })];
    expect(await acknowledged()).toMatchObject({ acknowledged: null, changed: false });
    expect(etcd.told).toEqual([]);
  });

  test("as a table says which failover it was", async () => {
    etcd.keys.history = [move()];
    await ack({ site: "shop", format: "table" });
    expect(printed.mock.lastCall?.[0]).toMatch(
      /^Acknowledged +the failover of 2026-01-01T00:00:00Z from primary to/m,
    );
  });
});
