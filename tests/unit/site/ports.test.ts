import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ensurePorts } from "../../../automation/site/ports.ts";

let parent: string;
const site = (name: string) => {
  const directory = join(parent, name);
  mkdirSync(directory, { recursive: true });
  return directory;
};
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), "evenkeel-ports-"));
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

test("ports are chosen once, kept byte for byte, and a new region gets its own", async () => {
  const one = await ensurePorts(site("a"), ["primary"]);
  const before = readFileSync(join(parent, "a/ports.json"), "utf8");
  expect(await ensurePorts(site("a"), ["primary"])).toEqual(one);
  expect(readFileSync(join(parent, "a/ports.json"), "utf8")).toBe(before);
  const both = await ensurePorts(site("a"), ["primary", "secondary"]);
  expect(both).toMatchObject(one);
  const all = Object.values(both).flatMap(({ ssh, https, dns }) => [ssh, https, dns ?? 0]);
  expect(new Set(all.filter((port) => port > 0)).size).toBe(7);
});

test("damaged ports are refused and left alone", async () => {
  writeFileSync(join(site("b"), "ports.json"), '{"primary": {"ssh": "x"}}');
  await expect(ensurePorts(site("b"), ["primary"])).rejects.toMatchObject({ exitCode: 2 });
  expect(readFileSync(join(parent, "b/ports.json"), "utf8")).toContain('"x"');
});
