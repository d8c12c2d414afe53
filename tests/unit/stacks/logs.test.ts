import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { pruneLogs } from "../../../automation/stacks/logs.ts";

const home = mkdtempSync(join(tmpdir(), "evenkeel-logs-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("of Pulumi's own logs the newest stay, and what is no log", () => {
  const logs = join(home, "logs");
  mkdirSync(logs);
  for (const [name, seconds] of Object.entries({ "c.log": 1000, "a.log": 3000, "b.log": 2000, notes: 1 })) {
    writeFileSync(join(logs, name), "");
    utimesSync(join(logs, name), seconds, seconds);
  }
  pruneLogs(home, 2);
  expect(readdirSync(logs).sort()).toEqual(["a.log", "b.log", "notes"]);
  expect(() => pruneLogs(join(home, "nowhere"))).not.toThrow();
});
