import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { ConfigError, loadSiteConfig } from "../../../components/config.ts";
import { mutatedMapping, mutatedText } from "../support/mutations.ts";

const home = join(import.meta.dirname, "../../..");
const names = ["Pulumi.yaml", "Pulumi.primary.yaml", "Pulumi.secondary.yaml", "Pulumi.global.yaml"];
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "evenkeel-config-"));
});
beforeEach(() => {
  for (const name of names) cpSync(join(home, name), join(directory, name));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/**
 * Loads the tracked configuration with one file's text replaced: "taken" or "refused"; anything else throws. Plain
 * comparisons, since each `expect` would take as long as the loading.
 */
function load(name: string, text: string): "taken" | "refused" {
  const file = join(directory, name);
  writeFileSync(file, text);
  try {
    loadSiteConfig(directory);
    return "taken";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const named = error.problems.filter((problem) => /^(Pulumi\.|evenkeel:|name:)/.test(problem));
    if (named.length === 0 || named.length < error.problems.length)
      throw new Error(`names no file or key: ${JSON.stringify(error.problems)}`);
    return "refused";
  } finally {
    const left = readdirSync(directory).sort().join(" ");
    if (left !== names.toSorted().join(" ") || readFileSync(file, "utf8") !== Buffer.from(text).toString())
      throw new Error(`loading changed the folder, which holds ${left}`);
  }
}

describe("configuration", () => {
  test.each(names)("220 mutations of the values in %s are taken, or refused naming file or key", (name) => {
    const values = parse(readFileSync(join(home, name), "utf8")) as Record<string, unknown>;
    let refused = 0;
    fc.assert(
      fc.property(mutatedMapping(values), (mutated) => {
        if (load(name, stringify(mutated)) === "refused") refused += 1;
      }),
      { numRuns: 220 },
    );
    // Some forty at least are on average, and chance seldom takes ten away.
    expect(refused).toBeGreaterThan(12);
  });

  test.each(names)("220 mutations of the text of %s are taken, or refused naming file or key", (name) => {
    let refused = 0;
    fc.assert(
      fc.property(mutatedText(readFileSync(join(home, name), "utf8")), (text) => {
        if (load(name, text) === "refused") refused += 1;
      }),
      { numRuns: 220 },
    );
    // Some forty at least are on average, and chance seldom takes ten away.
    expect(refused).toBeGreaterThan(12);
  });

  test.each([
    ["tabs", "config:\n\tevenkeel:location: x\n"],
    ["a list", "- a\n- b\n"],
    [
      "an alias bomb",
      `a: &a [${"x,".repeat(9)}]\n${"b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"}`,
    ],
    ["a number for the config", "config: 5\n"],
    ["a list for the config", "config: [1]\n"],
  ])("%s in a stack file is refused", (_, text) => {
    expect(load("Pulumi.primary.yaml", text)).toBe("refused");
    expect(load("Pulumi.global.yaml", text)).toBe("refused");
  });

  test.each([
    ["CRLF", (text: string) => text.replaceAll("\n", "\r\n")],
    ["a byte order mark", (text: string) => `\ufeff${text}`],
  ])("%s changes nothing", (_, change) => {
    const text = readFileSync(join(home, "Pulumi.yaml"), "utf8");
    expect(load("Pulumi.yaml", change(text))).toBe("taken");
  });
});
