import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import { noteWriter, seenWriter } from "../../../automation/site/writer.ts";

const folder = mkdtempSync(join(tmpdir(), "evenkeel-writer-"));
const file = join(folder, "writer.json");
beforeEach(() => rmSync(file, { force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const writing = (name: string, epoch: number) => ({
  name,
  facts: { role: "active" as const, writable: true, epoch },
});

describe("the newest writer that was seen", () => {
  test("is noted, outlives older looks, and gives way to newer ones only", () => {
    expect(seenWriter(folder)).toBeNull();
    expect(noteWriter(folder, [writing("primary", 1)])).toMatchObject({ region: "primary", epoch: 1 });
    noteWriter(folder, [writing("primary", 1), writing("secondary", 2)]);
    expect(seenWriter(folder)).toMatchObject({ region: "secondary", epoch: 2 });
    expect(noteWriter(folder, [writing("primary", 1)])).toMatchObject({ region: "secondary", epoch: 2 });
  });

  test("is no standby, no closed database and no silent one", () => {
    const facts = { role: "active" as const, writable: false, epoch: 7 };
    noteWriter(folder, [
      { name: "a", facts },
      { name: "b", facts: { ...facts, role: "standby", writable: true } },
      { name: "c", facts: null },
    ]);
    expect(seenWriter(folder)).toBeNull();
  });

  test.each(["", "{", '{"region":"a"}', '{"region":"a","epoch":0}'])(
    "a damaged note (%j) is refused and kept",
    (text) => {
      writeFileSync(file, text);
      expect(() => noteWriter(folder, [writing("a", 9)])).toThrow(
        expect.objectContaining({
          exitCode: 2,
          next: expect.stringMatching(
            new RegExp(`move it away, .*npx evenkeel status --site ${basename(folder)}\\)`),
          ),
        }),
      );
      expect(readFileSync(file, "utf8")).toBe(text);
    },
  );
});
