import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { runLocal } from "../../../../automation/engine/plugin/local.ts";
import { deadlineIn, pauseMs } from "../../../../automation/remote/deadline.ts";
import { quote } from "../../../../automation/remote/shell.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plugin-local-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process that ended may stay listed as a zombie until its parent asks for it. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("past its deadline", () => {
  test.each([
    ["that ends when asked", ":"],
    ["that ignores SIGTERM", "trap '' TERM"],
  ])("the whole group of a command %s is ended", async (_, habit) => {
    const pids = join(folder, "pids");
    rmSync(pids, { force: true });
    const write = (pid: string) => `echo ${pid} >>${quote([pids])}`;
    const command = `${habit}; (${habit}; sleep 30) & ${write("$!")}; ${write("$$")}; sleep 30`;
    const late = runLocal({
      argv: ["/bin/sh", "-c", command],
      dir: null,
      environment: {},
      stdin: undefined,
      onStdout: undefined,
      onStderr: undefined,
      deadline: deadlineIn(600),
      signal: new AbortController().signal,
      graceMs: 200,
    });
    await expect(late).rejects.toThrow("it was late");
    const begun = readFileSync(pids, "utf8").trim().split("\n").map(Number);
    expect(begun).toHaveLength(2);
    const until = deadlineIn(5000);
    while (!until.passed() && begun.some(isRunning)) await pauseMs(20);
    expect(begun.filter(isRunning)).toEqual([]);
  });
});
