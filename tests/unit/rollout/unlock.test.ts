import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { lockFile } from "../../../automation/lock.ts";
import { ownIdentity } from "../../../automation/processes.ts";
import { refuseOtherName } from "../../../automation/rollout/confirm.ts";
import { cureStaleLocks } from "../../../automation/rollout/stale.ts";
import { unlock as unlockCommand, unlockSite } from "../../../automation/rollout/unlock.ts";

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
async function unlock(options: { given?: string; yes?: boolean; typed?: string }) {
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
  const error: unknown = await unlockSite(place(), session(), question).catch((thrown: unknown) => thrown);
  const left = [
    ...(existsSync(lockFile(place().stateDirectory)) ? ["operator"] : []),
    ...["primary", "global"].filter(
      (stack) => existsSync(locksOf(stack)) && readdirSync(locksOf(stack)).length,
    ),
  ];
  return { asked, left, error };
}

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
