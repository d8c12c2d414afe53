import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import {
  agoText,
  forgetFailure,
  recallFailure,
  rememberFailure,
  rememberForMs,
} from "../../../automation/engine/remembered.ts";
import { scratchFolder } from "./scratch.ts";

const cache = scratchFolder();
const nowMs = Date.parse("2026-01-02T03:04:05Z");

describe("remembered failures", () => {
  test("a failed attempt is recalled with its reason for a day and not longer", async () => {
    await rememberFailure({ cache, name: "cli-1", nowMs }, "no network");
    expect(await recallFailure({ cache, name: "cli-1", nowMs: nowMs + 60_000 })).toEqual({
      why: "no network",
      ageMs: 60_000,
    });
    expect(await recallFailure({ cache, name: "cli-1", nowMs: nowMs + rememberForMs })).toBeNull();
  });

  test("another version has no memory, and a success forgets", async () => {
    await rememberFailure({ cache, name: "cli-2", nowMs }, "no network");
    expect(await recallFailure({ cache, name: "cli-3", nowMs })).toBeNull();
    await forgetFailure({ cache, name: "cli-2" });
    expect(await recallFailure({ cache, name: "cli-2", nowMs })).toBeNull();
    await expect(forgetFailure({ cache, name: "cli-2" })).resolves.toBeUndefined();
  });

  test.each([
    ["a clock that was ahead", JSON.stringify({ why: "x", at: "2027-01-01T00:00:00Z" })],
    ["an unreadable date", JSON.stringify({ why: "x", at: "yesterday" })],
    ["no reason", JSON.stringify({ at: "2026-01-02T03:04:05Z" })],
    ["half a file", '{"why": "x'],
  ])("%s counts as no memory", async (_what, content) => {
    mkdirSync(join(cache, "remembered"), { recursive: true });
    writeFileSync(join(cache, "remembered", "odd.json"), content);
    expect(await recallFailure({ cache, name: "odd", nowMs })).toBeNull();
  });

  test("says how long ago", () => {
    expect(agoText(5 * 60_000)).toBe("5 min ago");
    expect(agoText(3 * 3_600_000)).toBe("3 h ago");
  });
});
