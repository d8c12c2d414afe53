import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { eventually } from "../../lab/support/cli.ts";
import { atTerminal } from "../../soak/terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "evenkeel-terminal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a program at a terminal of its own sees one of some size, and is hung up on when that is closed", async () => {
  const [begun, ended] = [join(folder, "begun"), join(folder, "ended")];
  const program = `trap 'echo "hung up" >"$2"; exit' HUP; trap 'echo interrupted >"$2"; exit' INT TERM
    [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && stty size >"$1.new" && mv "$1.new" "$1"; while :; do sleep 0.05; done`;
  const run = atTerminal(["bash", "-c", program, "it's", begun, ended], { timeoutMs: 20_000 });
  await eventually("it began", 10_000, async () => (existsSync(begun) ? true : null));
  expect(readFileSync(begun, "utf8")).toBe("40 120\n");
  expect(existsSync(ended)).toBe(false);
  process.kill(run.pid as number, "SIGKILL");
  expect((await run).signal).toBe("SIGKILL");
  const how = await eventually("it ended", 10_000, async () =>
    existsSync(ended) ? readFileSync(ended, "utf8") || null : null,
  );
  expect(how).toBe("hung up\n");
});
