import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { type DrillArgs, performDrill } from "../../../automation/drill/perform.ts";
import { exitCodes } from "../../../automation/errors.ts";
import { World } from "./world.ts";

let folder: string;
let world: World;
let printed: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-drill-"));
  world = new World();
  printed = "";
  said = [];
  jest.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const perform = (more: Partial<DrillArgs> = {}) => {
  const args: DrillArgs = {
    kind: "region",
    repeat: 1,
    preferred: "primary",
    format: "json",
    dryRun: false,
    ...more,
  };
  const parts = { ...world.parts(), say: (line: string) => said.push(line) };
  return performDrill(args, parts, { folder, run: "d1" });
};

describe("a drill as a command", () => {
  test("prints its document, keeps it, and writes the report", async () => {
    const report = join(folder, "drill.html");
    expect(await perform({ report })).toBe(exitCodes.ok);
    expect(JSON.parse(printed)).toMatchObject({
      apiVersion: "evenkeel/v1",
      site: "shop",
      kind: "region",
      met: true,
    });
    expect(readFileSync(join(folder, "d1.json"), "utf8")).toBe(printed);
    expect(readFileSync(report, "utf8")).toContain("Drill of shop: region");
  });

  test("for people prints each objective with what was measured", async () => {
    await perform({ format: "table", maxRto: "1s" });
    expect(printed).toMatch(/RTO of writes, fault \(region\) +1000 ms +1600 ms +missed/);
    expect(printed).toMatch(/orders doubled +0 +0 +met/);
    expect(said.at(-1)).toContain("An objective was missed");
  });

  test("ends with 11 where an objective was missed, and with 14 and the next command where it stopped", async () => {
    expect(await perform({ maxRto: "1s" })).toBe(exitCodes.targetMissed);
    world = new World();
    world.failing.add("failover");
    expect(await perform({ report: join(folder, "half.html") })).toBe(exitCodes.resumable);
    expect(said.some((line) => line.startsWith("next: npx evenkeel"))).toBe(true);
    expect(readFileSync(join(folder, "half.html"), "utf8")).toContain("stopped half-way");
  });

  test("without a wish for it writes no report", async () => {
    await perform();
    expect(readdirSync(folder)).toEqual(["d1.json"]);
  });

  test("as a dry run checks for real and touches nothing", async () => {
    expect(await perform({ dryRun: true })).toBe(exitCodes.ok);
    expect(world.calls).toEqual([]);
    expect(printed).toContain("2. every machine of primary is killed\n3. failover to secondary");
    world.isReinstated = false;
    await expect(perform({ dryRun: true })).rejects.toMatchObject({ exitCode: exitCodes.refused });
  });

  test.each([
    ["--repeat", { repeat: 0 }],
    ["--repeat", { repeat: 1.5 }],
    ["--repeat", { repeat: Number.NaN }],
    ["--report", { report: "/nowhere/at/all/drill.html" }],
  ])("refuses a wrong %s before anything is touched (exit 2)", async (flag, wrong) => {
    await expect(perform(wrong)).rejects.toMatchObject({
      exitCode: exitCodes.usage,
      what: expect.stringContaining(flag),
    });
    expect(world.calls).toEqual([]);
  });
});
