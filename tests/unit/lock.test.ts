import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { UserError } from "../../automation/errors.ts";
import { type LockRecord, lockFile, takeLock } from "../../automation/lock.ts";
import { liveness, ownIdentity } from "../../automation/processes.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "evenkeel-lock-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const take = (run: string) =>
  takeLock({ site: "proof", stateDirectory: directory, run, command: "provision" });
const recordOf = (change: Partial<LockRecord>): LockRecord => ({
  run: "old",
  ...ownIdentity(),
  who: "alice",
  command: "destroy",
  at: "2026-01-01T00:00:00Z",
  ...change,
});
const write = (change: Partial<LockRecord>) =>
  writeFileSync(lockFile(directory), JSON.stringify(recordOf(change)));
const refusal = (run: string): UserError => {
  try {
    take(run);
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error("the lock was given");
};

describe("the operator's lock", () => {
  test("[P18] is taken, refused to a second taker with the holder's name (exit 13), and free again after release", () => {
    const lock = take("one");
    expect(lock.tookOverFrom).toBeNull();
    const error = refusal("two");
    expect(error.exitCode).toBe(13);
    expect(error.what).toContain(`pid ${process.pid}`);
    expect(error.what).toContain("provision");
    lock.release();
    expect(existsSync(lockFile(directory))).toBe(false);
    take("three").release();
  });

  test("of a process that is gone is taken over, once, and leaves no other file", () => {
    write({ pid: spawnSync("true").pid });
    const lock = take("new");
    expect(lock.tookOverFrom).toMatchObject({ run: "old", who: "alice" });
    expect(refusal("late").exitCode).toBe(13);
    expect(readdirSync(directory)).toEqual(["lock.json"]);
    lock.release();
  });

  test("of this pid at another start time, or before a reboot, is dead", () => {
    write({ startTime: "1" });
    take("new").release();
    write({ bootId: "another-boot" });
    take("newer").release();
  });

  test("of another host is never taken, whatever its pid", () => {
    write({ host: "elsewhere", pid: spawnSync("true").pid });
    expect(refusal("new").next).toMatch(/npx evenkeel unlock --site proof$/);
    expect(JSON.parse(readFileSync(lockFile(directory), "utf8"))).toMatchObject({ run: "old" });
  });

  test("of a process in a container is never taken, whatever its pid, and its way out is named", () => {
    write({ pidNamespace: "pid:[1]", pid: spawnSync("true").pid });
    expect(refusal("new").next).toMatch(/npx evenkeel unlock --site proof$/);
    expect(JSON.parse(readFileSync(lockFile(directory), "utf8"))).toMatchObject({ run: "old" });
  });

  test("whose claimants died as well is taken over from the last of them, and leaves no other file", () => {
    const pid = spawnSync("true").pid;
    write({ pid });
    for (const [name, run] of [
      ["lock.json.old", "first"],
      ["lock.json.old.first", "second"],
    ] as const)
      writeFileSync(join(directory, name), JSON.stringify({ ...recordOf({ pid }), run }));
    const lock = take("new");
    expect(lock.tookOverFrom).toMatchObject({ run: "old" });
    expect(readdirSync(directory)).toEqual(["lock.json"]);
    lock.release();
  });

  test("that a living process claims is left to it, with all that stands for the claim", () => {
    const pid = spawnSync("true").pid;
    write({ pid });
    writeFileSync(join(directory, "lock.json.old"), JSON.stringify({ ...recordOf({ pid }), run: "first" }));
    writeFileSync(join(directory, "lock.json.old.first"), JSON.stringify({ ...recordOf({}), run: "second" }));
    expect(refusal("new").what).toContain(`pid ${process.pid}`);
    expect(readdirSync(directory).sort()).toEqual(["lock.json", "lock.json.old", "lock.json.old.first"]);
  });

  test("that was taken over is not released by its old holder", () => {
    const first = take("one");
    write({ run: "two" });
    first.release();
    expect(existsSync(lockFile(directory))).toBe(true);
  });

  test("that is damaged is refused and left alone", () => {
    writeFileSync(lockFile(directory), "{");
    expect(refusal("new").exitCode).toBe(13);
    expect(readFileSync(lockFile(directory), "utf8")).toBe("{");
  });
});

describe("liveness", () => {
  const place = { host: "a", machineId: "m", bootId: "b", pidNamespace: "n" };
  const holder = { ...place, pid: 7, startTime: "100" };
  const now = { ...place, startTimeOf: () => "100", exists: () => true };
  test("needs the same host, boot, pid and start time to be alive", () => {
    expect(liveness(holder, now)).toBe("alive");
    expect(liveness(holder, { ...now, host: "z" })).toBe("unknown");
    expect(liveness(holder, { ...now, bootId: "z" })).toBe("dead");
    expect(liveness(holder, { ...now, exists: () => false })).toBe("dead");
    expect(liveness(holder, { ...now, startTimeOf: () => "101" })).toBe("dead");
  });
  test("is not known of another machine by the same name, nor of a container where other processes are seen", () => {
    const gone = { ...now, exists: () => false };
    expect(liveness(holder, { ...gone, machineId: "z" })).toBe("unknown");
    expect(liveness(holder, { ...gone, machineId: "z", bootId: "z" })).toBe("unknown");
    expect(liveness(holder, { ...gone, pidNamespace: "z" })).toBe("unknown");
    // A boot ends those of every container as well.
    expect(liveness(holder, { ...gone, pidNamespace: "z", bootId: "z" })).toBe("dead");
  });
  test("never calls dead what it can't tell apart: no start time, no boot id", () => {
    expect(liveness({ ...holder, bootId: null, startTime: null }, now)).toBe("alive");
    expect(liveness(holder, { ...now, bootId: null, startTimeOf: () => null })).toBe("alive");
  });
});
