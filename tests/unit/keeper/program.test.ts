import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Spares } from "../../../automation/keeper/program.ts";

let folder: string;
let command: string;
let spares: Spares;

/** What was begun, with its words; a spare notes what it was told as well. */
const began = () => (existsSync(join(folder, "began")) ? readFileSync(join(folder, "began"), "utf8") : "");

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 200) throw new Error(`still not so: ${began()}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-spares-"));
  command = join(folder, "program");
  writeFileSync(
    command,
    `#!/bin/bash
echo "began $*" >>${folder}/began
if [ "$1" = await ]; then
  trap 'echo over >>${folder}/began' EXIT
  read -ra words || exit 2
  set -- "\${words[@]}"
  echo "told $*" >>${folder}/began
fi
[ "$1" != refused ] || { echo "no, since it is refused" >&2; exit 12; }
`,
  );
  chmodSync(command, 0o755);
  spares = new Spares(command);
});

afterEach(async () => {
  spares.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe("programs that are begun ahead", () => {
  test("take their words when they are needed, each once", async () => {
    spares.keep(2);
    spares.keep(2);
    await until(() => began().split("began await").length === 3);
    expect(await spares.run(["open", "--epoch", "3"], 5)).toEqual({ ok: true, words: "" });
    expect(await spares.run(["refused"], 5)).toEqual({ ok: false, words: "no, since it is refused" });
    expect(began()).toContain("told open --epoch 3");
    expect(began()).not.toContain("began open");
    // Where none waits one is begun, with the words as its arguments.
    expect(await spares.run(["close", "--epoch", "3"], 5)).toEqual({ ok: true, words: "" });
    expect(began()).toContain("began close --epoch 3");
  });

  test("that nobody needs end, and have done nothing", async () => {
    spares.keep(1);
    await until(() => began().includes("began await"));
    spares.drop();
    await until(() => began().includes("over"));
    expect(began()).not.toContain("told");
  });

  test("one that is gone is not relied on", async () => {
    writeFileSync(command, `#!/bin/bash\necho "began $*" >>${folder}/began\n[ "$1" != await ]\n`);
    spares.keep(1);
    await until(() => began().includes("began await"));
    await new Promise((wake) => setTimeout(wake, 200));
    expect(await spares.run(["open"], 5)).toEqual({ ok: true, words: "" });
    expect(began()).toContain("began open");
  });
});
