import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { leftProcesses } from "./support/lab.ts";
import { cli, eventually, home, siteName } from "./support/site.ts";

const minute = 60_000;
const folder = join(home, ".evenkeel", siteName);
const lock = join(folder, "lock.json");
const words = ["--site", siteName, "provision", "--yes", "--full"];
const launcher = join(home, "bin/evenkeel.mjs");

/** The command whose run the journal ended last, and with what. */
function lastEnd(): { command: string; exitCode: number } {
  const lines = readFileSync(join(folder, "journal.jsonl"), "utf8").trim().split("\n");
  const ends = lines.map((line) => JSON.parse(line) as { event: string; command: string; exitCode: number });
  const { command, exitCode } = ends.filter(({ event }) => event === "end").at(-1) ?? {
    command: "",
    exitCode: -1,
  };
  return { command, exitCode };
}

/** Waits until the run works on the regions, as its output says. */
async function working(output: { text: string }): Promise<void> {
  await eventually("the run works on the regions", minute, async () =>
    output.text.includes("Region primary") ? true : null,
  );
}

/** What the test run itself consists of. */
let own: Set<string>;
beforeAll(async () => {
  own = new Set(await leftProcesses());
});

async function nothingLeft(): Promise<void> {
  await eventually("the lock is given back", 2 * minute, async () => (existsSync(lock) ? null : true));
  await eventually("no process of the run is left", 20_000, async () => {
    const left = await leftProcesses();
    return left.every((one) => own.has(one)) ? true : null;
  });
}

describe("[P18] a run that is asked to stop finishes its step, gives its lock back and says how to go on", () => {
  afterAll(async () => {
    expect(await cli(["provision", "--yes"], { timeoutMs: 4 * minute })).toMatchObject({ exitCode: 0 });
  }, 5 * minute);

  test(
    "by Ctrl-C",
    async () => {
      const output = { text: "" };
      const run = execa("node", [launcher, ...words], { reject: false, all: true, stdin: "ignore" });
      run.all.on("data", (chunk: Buffer) => {
        output.text += chunk.toString();
      });
      await working(output);
      run.kill("SIGINT");
      const { exitCode } = await run;
      expect(output.text).toContain("Stopping: the running step is being finished");
      expect(output.text).toMatch(/To go on, run again: npx evenkeel .*provision/);
      expect(exitCode).toBe(130);
      await nothingLeft();
      expect(lastEnd()).toEqual({ command: "provision", exitCode: 130 });
    },
    4 * minute,
  );

  test(
    "by a terminal that closes",
    async () => {
      const output = { text: "" };
      const command = ["stty cols 120 rows 40;", "node", launcher, ...words].join(" ");
      // The typescript's own process holds the terminal: with it the terminal goes.
      const terminal = execa("script", ["-qfec", command, "/dev/null"], {
        reject: false,
        stdin: "pipe",
        all: true,
        env: { CI: "" },
      });
      terminal.all.on("data", (chunk: Buffer) => {
        output.text += chunk.toString();
      });
      await working(output);
      terminal.kill("SIGKILL");
      await terminal;
      expect(existsSync(lock)).toBe(true);
      await nothingLeft();
      expect(lastEnd()).toEqual({ command: "provision", exitCode: 130 });
    },
    4 * minute,
  );
});
