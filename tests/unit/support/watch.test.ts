import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { eventually } from "../../lab/support/cli.ts";
import { givenByUnits, watchProcesses } from "../../lab/support/secrets.ts";

const folder = mkdtempSync(join(tmpdir(), "evenkeel-watch-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const planted: ChildProcess[] = [];
afterEach(() => {
  for (const child of planted.splice(0)) child.kill("SIGKILL");
});

/** Root alone can start a process as somebody else, and read what that one's environment holds. */
const somebodyElse = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

interface Plant {
  name: string;
  words?: string[];
  env?: Record<string, string>;
  user?: { uid?: number; gid?: number };
}

/** Starts a process of that name which does nothing; it runs when this returns, and ends with this one at the latest. */
async function plant({ name, words = [], env = {}, user = {} }: Plant): Promise<void> {
  const program = join(folder, name);
  symlinkSync("/bin/bash", program);
  // A shell that waits for its own standard input runs no other program, which would have other arguments.
  const child = spawn(program, ["-c", "echo; read -r _", ...words], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "ignore"],
    ...user,
  });
  planted.push(child);
  // Before its first word its arguments and environment may not stand in /proc yet.
  await once(child.stdout, "data");
}

describe("the watch over processes that the secrets of a site are looked for with", () => {
  test("finds a text in arguments, and in the environment of another user's process", async () => {
    const canary = randomUUID();
    const watch = watchProcesses([canary]);
    await plant({ name: "evk-argument", words: [`--key=${canary}!`] });
    await plant({ name: "evk-variable", env: { SOME_KEY: `x${canary}` }, user: somebodyElse });
    await plant({ name: "evk-neither", words: [randomUUID()], env: { SOME_KEY: randomUUID() } });
    const names = ["evk-argument", "evk-variable", "evk-neither"];
    await eventually("all three looked at", 10_000, async () =>
      names.every((name) => watch.names().includes(name)) ? true : null,
    );
    expect(watch.stop()).toEqual(["arguments of evk-argument", "environment of evk-variable"]);
  });

  test("leaves out what a unit is given on purpose: that entry in that process, and no other", async () => {
    const key = randomUUID();
    const given = givenByUnits({
      store: {
        primary: {
          operator: { accessKey: "OPERATOR", secretKey: key },
          media: { accessKey: "MEDIA", secretKey: randomUUID() },
        },
      },
    });
    const asGiven = { ROOT_SECRET_KEY: key };
    const lookFor = async (one: Plant) => {
      // Planted first: the first look is at every process there is, and a lab's own versitygw may be among them.
      await plant(one);
      const hits = watchProcesses([key], given).stop();
      for (const child of planted.splice(0)) child.kill("SIGKILL");
      rmSync(join(folder, one.name));
      return hits;
    };
    expect(await lookFor({ name: "versitygw", env: asGiven })).toEqual([]);
    const environment = ["environment of versitygw"];
    expect(await lookFor({ name: "versitygw", env: { OTHER_KEY: key } })).toEqual(environment);
    expect(await lookFor({ name: "versitygw", env: { ...asGiven, OTHER: key } })).toEqual(environment);
    expect(await lookFor({ name: "versitygw", words: [key], env: asGiven })).toEqual([
      "arguments of versitygw",
    ]);
    expect(await lookFor({ name: "evk-other", env: asGiven })).toEqual(["environment of evk-other"]);
  });
});
