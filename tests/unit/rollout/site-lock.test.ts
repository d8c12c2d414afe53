import { spawnSync } from "node:child_process";
import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { ownIdentity } from "../../../automation/processes.ts";
import { freeSiteLock, withSiteLock } from "../../../automation/rollout/site-lock.ts";
import { siteLock } from "../failover/sites.ts";
import { type EtcdFake, etcdFake, type MemberState } from "./etcd-fake.ts";

let etcd: EtcdFake;
let said: string;
beforeEach(() => {
  etcd = etcdFake();
  said = "";
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
});

const record = siteLock({ run: "mine", ...ownIdentity() });
const dead = siteLock({ run: "dead", ...ownIdentity(), pid: spawnSync("true").pid });
const way = () => ({ ssh: etcd.ssh, outputs: etcd.outputs, site: "shop" });
/** Works under the lock; gives what the work was given, and who held the lock meanwhile. */
const work = () =>
  withSiteLock({ ...way(), record }, async (lock) => ({ lock, holder: etcd.keys.lock?.run ?? null }));
const members = (...states: MemberState[]) => {
  Object.keys(etcd.members).forEach((id, i) => {
    etcd.members[id] = states[i] ?? "silent";
  });
};

describe("the site's lock in etcd", () => {
  test("is held while the work goes on, and free again behind it", async () => {
    expect(await work()).toEqual({ lock: { record, tookOverFrom: null }, holder: "mine" });
    expect(etcd.keys.lock).toBeNull();
    expect(etcd.told.map((line) => line.split(" ").slice(1).join(" "))).toEqual([
      "lock",
      "unlock --run mine",
    ]);
  });

  test("is free again behind work that failed, which stays the error", async () => {
    const failing = withSiteLock({ ...way(), record }, async () => {
      throw new Error("half-way");
    });
    await expect(failing).rejects.toThrow("half-way");
    expect(etcd.keys.lock).toBeNull();
  });

  test.each([
    ["on another machine", siteLock({ run: "other" })],
    ["that lives on this one", siteLock({ run: "other", ...ownIdentity() })],
  ])(
    "of a holder %s is refused (13) with its name, the work is not begun, and it stays",
    async (_, holder) => {
      etcd.keys.lock = holder;
      const begun = jest.fn(async () => undefined);
      await expect(withSiteLock({ ...way(), record }, begun)).rejects.toMatchObject({
        exitCode: 13,
        code: "locked",
        what: expect.stringContaining("locked in etcd by alice (switchover --to secondary, pid"),
        next: expect.stringContaining("npx evenkeel unlock"),
      });
      expect(begun).not.toHaveBeenCalled();
      expect(etcd.keys.lock).toEqual(holder);
      expect(etcd.told.filter((line) => /unlock|instead/.test(line))).toEqual([]);
    },
  );

  test("of a process that is dead on this machine is taken over, and said so", async () => {
    etcd.keys.lock = dead;
    expect(await work()).toEqual({ lock: { record, tookOverFrom: dead }, holder: "mine" });
    expect(said).toContain("was taken over: that process is gone");
    expect(etcd.told.some((line) => line.endsWith("lock --instead-of dead"))).toBe(true);
  });

  test("of a dead process that somebody else takes over first is that one's", async () => {
    etcd.keys.lock = dead;
    const { run } = etcd.ssh;
    const faster = siteLock({ run: "faster" });
    etcd.ssh.run = async (alias, command, options) => {
      if (command.argv.includes("--instead-of")) etcd.keys.lock = faster;
      return run(alias, command, options);
    };
    await expect(work()).rejects.toMatchObject({ exitCode: 13, what: expect.stringContaining("alice") });
    expect(etcd.keys.lock).toEqual(faster);
  });

  test.each<[string, MemberState[]]>([
    ["members without a majority", ["failed", "failed", "failed"]],
    ["members that can't be reached", ["silent", "silent", "silent"]],
    ["members of older hosts", ["older", "older", "silent"]],
  ])("is null to the caller with %s, who decides", async (_, states) => {
    members(...states);
    expect(await work()).toEqual({ lock: null, holder: null });
  });

  test("goes through the first member that answers, past those that are lost or late", async () => {
    members("silent", "late", "well");
    expect(await work()).toMatchObject({ holder: "mine" });
    expect(etcd.told).toEqual(["third/edge lock", "third/edge unlock --run mine"]);
  });

  test("whose answer is lost is asked for again elsewhere, and is not left behind", async () => {
    members("deaf", "late", "silent");
    expect(await work()).toMatchObject({ lock: { record }, holder: "mine" });
    expect(etcd.told.slice(0, 2)).toEqual(["primary/gateway lock", "secondary/gateway lock"]);
    expect(etcd.keys.lock).toBeNull();
    members("deaf", "silent", "silent");
    expect(await work()).toMatchObject({ lock: null, holder: "mine" });
    expect(etcd.keys.lock).toBeNull();
  });

  test("that can't be given back is no error of the work, and what frees it is said", async () => {
    const result = await withSiteLock({ ...way(), record }, async () => {
      members("silent", "silent", "silent");
      return "done";
    });
    expect(result).toBe("done");
    expect(said).toContain("could not be given back: when etcd answers again, npx evenkeel unlock frees it");
    expect(etcd.keys.lock?.run).toBe("mine");
  });
});

describe("freeing the lock", () => {
  test("takes it from that run alone", async () => {
    etcd.keys.lock = siteLock({ run: "other" });
    await expect(freeSiteLock(way(), "gone")).rejects.toMatchObject({ exitCode: 13 });
    expect(etcd.keys.lock?.run).toBe("other");
    await freeSiteLock(way(), "other");
    expect(etcd.keys.lock).toBeNull();
    await freeSiteLock(way(), "other");
  });

  test("says where nobody answers that it is not known", async () => {
    members("failed", "silent", "silent");
    await expect(freeSiteLock(way(), "gone")).rejects.toMatchObject({ exitCode: 1, code: "no-majority" });
  });
});
