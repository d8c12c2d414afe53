import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { changeSetting, withSetting } from "../../../automation/site/settings.ts";
import { home } from "../../../automation/site.ts";

const set = (text: string) => withSetting(text, "durability", "async");

describe("a setting of the site's Pulumi.yaml", () => {
  test("that is not there becomes the first of config, and every other line stays", () => {
    const text = readFileSync(join(home, "Pulumi.yaml"), "utf8");
    const line = "  evenkeel:durability:\n    value: async\n";
    expect(set(text)).toBe(text.replace("config:\n", `config:\n${line}`));
    expect(set("config: # ours\n    # of a\n    evenkeel:a: 1\nmain: x\n")).toBe(
      "config: # ours\n    evenkeel:durability:\n      value: async\n    # of a\n    evenkeel:a: 1\nmain: x\n",
    );
  });

  test.each([
    ["a value of its own", "config:\n  evenkeel:durability:\n    # why\n    value: strict # since May\n"],
    ["a word alone", "config:\n  evenkeel:durability: strict # since May\n"],
    ["one line", "config: {evenkeel:a: 1, evenkeel:durability: {value: strict}}\n"],
  ])("that is there is replaced where it stands: %s", (_, text) => {
    expect(set(text)).toBe(text.replace("strict", "async"));
    expect(set(set(text) ?? "")).toBe(set(text));
  });

  test("in quotes is replaced with them", () => {
    expect(set("config:\n  evenkeel:durability: 'strict'\n")).toBe("config:\n  evenkeel:durability: async\n");
  });

  test.each([
    ["no config", "name: shop\n"],
    ["an empty one", "config:\n"],
    ["one in one line without the key", "config: {evenkeel:a: 1}\n"],
    ["a key without a value", "config:\n  evenkeel:durability:\n"],
    ["a list in its place", "config:\n  evenkeel:durability: [strict]\n"],
    ["no mapping at all", "- config\n"],
    ["an alias", "x: &x strict\nconfig:\n  evenkeel:durability: *x\n"],
  ])("is left to a person where the file has %s", (_, text) => {
    expect(set(text)).toBeNull();
  });
});

describe("changing the file", () => {
  let folder: string;
  const file = () => join(folder, "Pulumi.yaml");
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "evenkeel-settings-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("keeps who may read it, and touches one that says so already not at all", () => {
    writeFileSync(file(), "config:\n  evenkeel:a: 1\n");
    chmodSync(file(), 0o644);
    expect(changeSetting(folder, "durability", "strict")).toBe(true);
    expect(readFileSync(file(), "utf8")).toContain("  evenkeel:durability:\n    value: strict\n");
    const { mode, ino } = statSync(file());
    expect(mode & 0o777).toBe(0o644);
    changeSetting(folder, "durability", "strict");
    expect(statSync(file()).ino).toBe(ino);
  });

  test("says what to set by hand, and changes nothing, where the file is written in another way", () => {
    writeFileSync(file(), "config: {evenkeel:a: 1}\n");
    expect(() => changeSetting(folder, "durability", "strict")).toThrow(
      expect.objectContaining({ next: "set evenkeel:durability to strict there by hand", exitCode: 1 }),
    );
    expect(readFileSync(file(), "utf8")).toBe("config: {evenkeel:a: 1}\n");
  });
});
