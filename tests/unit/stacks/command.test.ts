import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import { exists } from "../../../automation/processes.ts";
import { detachedCommand } from "../../../automation/stacks/command.ts";
import { explained } from "../../../automation/stacks/errors.ts";

const root = mkdtempSync(join(tmpdir(), "evenkeel-command-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Writes its pid and the signals that it hears; `stubborn` goes on whatever it hears. */
const cli = `#!/bin/bash
heard() { echo INT >>"$HERE/heard"; [ "$1" = stubborn ] || exit 1; }
trap "heard $1" INT
[ "$1" = version ] && { echo v3.1.0; exit; }
[ "$1" = quick ] && { sleep 0.3; echo done; exit; }
echo $$ >"$HERE/pid"
while :; do sleep 0.02; done
`;

beforeAll(() => {
  mkdirSync(join(root, "bin"));
  writeFileSync(join(root, "bin/pulumi"), cli);
  chmodSync(join(root, "bin/pulumi"), 0o755);
});

async function run(args: string[], signal?: AbortSignal) {
  rmSync(join(root, "heard"), { force: true });
  const command = (await detachedCommand(root, { answerMs: 700, graceMs: 100 })) as unknown as {
    run(...all: unknown[]): Promise<{ stdout: string }>;
  };
  return await command.run(args, root, { HERE: root }, undefined, undefined, signal);
}
const heard = () => (existsSync(join(root, "heard")) ? readFileSync(join(root, "heard"), "utf8") : "");
const lives = () => exists(Number(readFileSync(join(root, "pid"), "utf8")));

describe("[P19] a command of the CLI that has no deadline of its own", () => {
  test.each([["patient"], ["stubborn"]])(
    "is ended when it does not answer (%s): interrupted once, then killed; the error names it and what to do",
    async (word) => {
      const error: unknown = await run([word, "export", "--stack", "primary"]).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(UserError);
      expect(error).toMatchObject({
        exitCode: 14,
        what: `pulumi ${word} export --stack primary did not end within 0.7 s and was ended`,
        next: expect.stringContaining("run the command again"),
      });
      expect(heard()).toBe("INT\n");
      expect(lives()).toBe(false);
      const told = explained({
        stack: "primary",
        operation: "x",
        cause: error,
        run: null,
        secrets: [],
        remedy: { flag: "", backup: null },
      });
      expect(told).toBe(error);
    },
  );

  test("is left alone where its caller brings an abort signal, and where it answers in time", async () => {
    const { signal } = new AbortController();
    expect((await run(["quick"], signal)).stdout).toBe("done\n");
    expect((await run(["version"])).stdout).toContain("v3.1.0");
  });
});
