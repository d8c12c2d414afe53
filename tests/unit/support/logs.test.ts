import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { type LogSearch, logSearchScript } from "../../lab/support/logs.ts";

const folder = mkdtempSync(join(tmpdir(), "evenkeel-logs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const journal = join(folder, "journal");
const logs = join(folder, "log");
mkdirSync(join(folder, "bin"));
mkdirSync(logs);

/** A journal that is a file. */
const programs = {
  logger: `printf 'Jan 1 host %s: %s\\n' "$2" "$3" >>'${journal}'`,
  journalctl: `[ "$1" = --sync ] || cat '${journal}'`,
};
for (const [name, body] of Object.entries(programs)) {
  writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, "bin", name), 0o755);
}

async function search(control: string): Promise<LogSearch> {
  const script = logSearchScript({ texts: ["a secret", "$(x) 'y"], control, logs, scratch: folder });
  const { stdout } = await execa("bash", ["-s"], {
    input: script,
    env: { PATH: `${join(folder, "bin")}:${process.env.PATH}` },
    timeout: 20_000,
  });
  return JSON.parse(stdout) as LogSearch;
}

describe("the search for secrets in a host's logs", () => {
  test("finds a text in the journal, in a file and in a packed one, but for what was logged on purpose", async () => {
    writeFileSync(
      journal,
      "Jan 1 host unit[1]: has a secret here\nJan 1 host oops[2]: a secret on purpose\n",
    );
    writeFileSync(join(logs, "some.log"), "fine\nb\0inary $(x) 'y\n");
    writeFileSync(join(logs, "old.log.gz"), gzipSync("a secret of old\n"));
    const { bytes, lines, controls } = await search("control-1");
    expect(bytes).toBeGreaterThan(80);
    expect(lines).toBe(3);
    expect(controls).toEqual({ journal: 1, file: 1, packed: 1 });
  });

  test("finds none where there is none, and its controls all the same; it takes its own files away", async () => {
    writeFileSync(journal, "");
    for (const name of readdirSync(logs)) rmSync(join(logs, name));
    const { lines, controls } = await search("control-2");
    expect(lines).toBe(0);
    expect(controls).toEqual({ journal: 1, file: 1, packed: 1 });
    expect(readdirSync(logs)).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(["bin", "journal", "log"]);
    expect(readFileSync(journal, "utf8")).toContain("control-2-journal");
  });

  test("a journal that keeps nothing shows: its control is missing", async () => {
    rmSync(join(folder, "bin", "logger"));
    writeFileSync(join(folder, "bin", "logger"), "#!/bin/sh\n");
    chmodSync(join(folder, "bin", "logger"), 0o755);
    expect((await search("control-3")).controls).toEqual({ journal: 0, file: 1, packed: 1 });
  });
});
