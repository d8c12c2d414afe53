import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { lockFile } from "../../../automation/lock.ts";
import { ownIdentity } from "../../../automation/processes.ts";
import type { SiteLockRecord } from "../../../automation/remote/operator-keys.ts";
import { refuseOtherName } from "../../../automation/rollout/confirm.ts";
import type { EtcdLock } from "../../../automation/rollout/etcd-lock.ts";
import { cureStaleLocks } from "../../../automation/rollout/stale.ts";
import { unlock as unlockCommand, unlockSite } from "../../../automation/rollout/unlock.ts";
import { siteLock } from "../failover/sites.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-unlock-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const place = () => ({ name: "proof", directory: root, stateDirectory: join(root, "site") });
const locksOf = (stack: string) => join(root, ".pulumi/locks/organization/proof", stack);
const noPid = 2 ** 22 + 1;

function operatorsLock(host: string): void {
  mkdirSync(place().stateDirectory, { recursive: true });
  const record = {
    run: "r",
    ...ownIdentity(),
    pid: noPid,
    host,
    who: "alice",
    command: "provision",
    at: "t",
  };
  writeFileSync(lockFile(place().stateDirectory), JSON.stringify(record));
}

function pulumisLock(stack: string, host: string): void {
  mkdirSync(locksOf(stack), { recursive: true });
  const owner = { pid: noPid, username: "bob", hostname: host, timestamp: "2026-01-01T00:00:00Z" };
  writeFileSync(join(locksOf(stack), "x.json"), JSON.stringify(owner));
}

const session = () =>
  ({
    place: place(),
    engine: { env: { PULUMI_BACKEND_URL: pathToFileURL(root).href }, pulumiHome: join(root, "home") },
    stacks: {
      existing: async () => ["primary", "global"],
      cancel: async (stack: string) => rmSync(locksOf(stack), { recursive: true }),
    },
  }) as unknown as Parameters<typeof cureStaleLocks>[0];

/** Unlocks as it is asked to; gives how often the name was asked, which locks are left, and the error. */
async function unlock(options: { given?: string; yes?: boolean; typed?: string; etcd?: EtcdLock }) {
  let asked = 0;
  const question = {
    name: "proof",
    given: options.given,
    flag: "--confirm",
    yes: options.yes ?? false,
    terminal: { interactive: options.typed !== undefined, plain: true },
    consequence: "This removes the locks.",
    ask: async () => {
      asked += 1;
      return options.typed ?? "";
    },
  };
  const error: unknown = await unlockSite(place(), session(), question, options.etcd).catch(
    (thrown: unknown) => thrown,
  );
  const left = [
    ...(existsSync(lockFile(place().stateDirectory)) ? ["operator"] : []),
    ...["primary", "global"].filter(
      (stack) => existsSync(locksOf(stack)) && readdirSync(locksOf(stack)).length,
    ),
  ];
  return { asked, left, error };
}

/** A lock in etcd that this process of that host holds; the runs that it was taken away from. */
function inEtcd(holder: SiteLockRecord | null): EtcdLock & { freed: string[] } {
  const freed: string[] = [];
  return { holder, freed, free: async (run) => void freed.push(run), close: async () => {} };
}

describe("[P18] unlock of the lock in etcd", () => {
  const dead = siteLock({ run: "dead", ...ownIdentity(), pid: noPid });

  test("frees it of a process that is dead here, and asks nobody", async () => {
    const etcd = inEtcd(dead);
    expect(await unlock({ etcd })).toEqual({ asked: 0, left: [], error: undefined });
    expect(etcd.freed).toEqual(["dead"]);
  });

  test("leaves it to one that is alive here (13)", async () => {
    const etcd = inEtcd(siteLock({ ...ownIdentity() }));
    expect(await unlock({ given: "proof", yes: true, etcd })).toMatchObject({
      error: { exitCode: 13, what: expect.stringContaining("locked in etcd by alice") },
    });
    expect(etcd.freed).toEqual([]);
  });

  test("frees it of one elsewhere only where the site's name is typed", async () => {
    const etcd = inEtcd(siteLock({ run: "away" }));
    expect(await unlock({ typed: "yes", etcd })).toMatchObject({ asked: 1, error: { exitCode: 2 } });
    expect(await unlock({ etcd })).toMatchObject({ asked: 0, error: { exitCode: 2 } });
    expect(etcd.freed).toEqual([]);
    operatorsLock("elsewhere");
    expect(await unlock({ typed: "proof", etcd })).toEqual({ asked: 1, left: [], error: undefined });
    expect(etcd.freed).toEqual(["away"]);
  });

  test("that nobody holds frees nothing", async () => {
    const etcd = inEtcd(null);
    operatorsLock(hostname());
    expect(await unlock({ etcd })).toEqual({ asked: 0, left: [], error: undefined });
    expect(etcd.freed).toEqual([]);
  });
});

describe("[P18] unlock, where another host holds something", () => {
  test("one question frees the operator's lock and Pulumi's own of that host", async () => {
    operatorsLock("elsewhere");
    pulumisLock("primary", "elsewhere");
    expect(await unlock({ typed: "proof" })).toEqual({ asked: 1, left: [], error: undefined });
  });

  test("Pulumi's own lock alone is asked about too, and a wrong name leaves it", async () => {
    pulumisLock("global", "elsewhere");
    expect(await unlock({ typed: "yes" })).toMatchObject({
      asked: 1,
      left: ["global"],
      error: { exitCode: 2 },
    });
    expect(await unlock({ typed: "proof" })).toEqual({ asked: 1, left: [], error: undefined });
  });

  test("without a terminal the flag needs --yes, for Pulumi's own lock as well", async () => {
    pulumisLock("primary", "elsewhere");
    for (const options of [{}, { yes: true }, { given: "proof" }])
      expect(await unlock(options)).toMatchObject({ left: ["primary"], error: { exitCode: 2 } });
    expect(await unlock({ given: "proof", yes: true })).toEqual({ asked: 0, left: [], error: undefined });
  });

  test("nobody is asked about what is dead on this host", async () => {
    operatorsLock(hostname());
    pulumisLock("primary", hostname());
    expect(await unlock({})).toEqual({ asked: 0, left: [], error: undefined });
  });

  test("a lock that nobody was asked about is refused (13), with the site's own unlock as the remedy", async () => {
    pulumisLock("primary", "elsewhere");
    const cured = cureStaleLocks(session(), () => undefined, { saidGone: new Set(["another"]) });
    await expect(cured).rejects.toMatchObject({
      exitCode: 13,
      why: expect.stringContaining("bob's pulumi, pid"),
      next: expect.stringContaining("npx evenkeel unlock --site proof frees"),
    });
    expect(existsSync(locksOf("primary"))).toBe(true);
  });

  test("a wrong --confirm is a usage error also where nothing is to be confirmed", async () => {
    const wrong = unlockCommand({ site: "shop", confirm: "other", yes: true });
    await expect(wrong).rejects.toMatchObject({ exitCode: 2, what: expect.stringContaining("other") });
    const refuse = (given: string | undefined) => () =>
      refuseOtherName({ name: "proof", given, flag: "--confirm" });
    expect(refuse("shop")).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(refuse("proof")).not.toThrow();
    expect(refuse(undefined)).not.toThrow();
  });
});
