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
const write = (change: Partial<LockRecord>) => {
  const record = {
    run: "old",
    ...ownIdentity(),
    who: "alice",
    command: "destroy",
    at: "2026-01-01T00:00:00Z",
    ...change,
  };
  writeFileSync(lockFile(directory), JSON.stringify(record));
};
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
  const holder = { host: "a", bootId: "b", pid: 7, startTime: "100" };
  const now = { host: "a", bootId: "b", startTimeOf: () => "100", exists: () => true };
  test("needs the same host, boot, pid and start time to be alive", () => {
    expect(liveness(holder, now)).toBe("alive");
    expect(liveness(holder, { ...now, host: "z" })).toBe("unknown");
    expect(liveness(holder, { ...now, bootId: "z" })).toBe("dead");
    expect(liveness(holder, { ...now, exists: () => false })).toBe("dead");
    expect(liveness(holder, { ...now, startTimeOf: () => "101" })).toBe("dead");
  });
  test("never calls dead what it can't tell apart: no start time, no boot id", () => {
    expect(liveness({ ...holder, bootId: null, startTime: null }, now)).toBe("alive");
    expect(liveness(holder, { ...now, bootId: null, startTimeOf: () => null })).toBe("alive");
  });
});
