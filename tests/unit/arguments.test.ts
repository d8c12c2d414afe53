import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import type { ArgumentsCamelCase, CommandModule } from "yargs";
import { UserError } from "../../automation/errors.ts";
import { loadSiteConfig } from "../../components/config.ts";
import { hostileWord, mutatedList, repeatedPart } from "./support/mutations.ts";

/**
 * Every verb at work in a temporary clone, up to where it would use the machine: set-up, a site's stacks, another
 * program, and the writing of a bundle anywhere end it. Until there it has decided by arguments and files alone.
 */
const root = mkdtempSync(join(tmpdir(), "evenkeel-arguments-"));
const reached = new UserError({ what: "all that arguments and files decide is decided", code: "reached" });
const reach = () => Promise.reject(reached);

const real = {
  clone: await import("../../automation/site/clone.ts"),
  site: await import("../../automation/site.ts"),
  engine: await import("../../automation/rollout/engine.ts"),
  session: await import("../../automation/rollout/session.ts"),
  bundle: await import("../../automation/status/bundle.ts"),
  execa: await import("execa"),
};
jest.unstable_mockModule("../../automation/site/clone.ts", () => ({
  ...real.clone,
  thisClone: () => real.clone.thisClone(root),
}));
jest.unstable_mockModule("../../automation/site.ts", () => ({
  ...real.site,
  home: root,
  sitePlace: (name: string) => real.site.sitePlace(name, root),
}));
jest.unstable_mockModule("../../automation/rollout/engine.ts", () => ({
  ...real.engine,
  setUpEngine: reach,
  existingEngine: reach,
}));
jest.unstable_mockModule("../../automation/rollout/session.ts", () => ({
  ...real.session,
  ...{ openSession: reach, openExisting: reach, openAsFound: reach, openForPreview: reach },
}));
jest.unstable_mockModule("../../automation/status/bundle.ts", () => ({ ...real.bundle, pack: reach }));
jest.unstable_mockModule("execa", () => ({ ...real.execa, execa: reach }));
const { commands, parserOf } = await import("../../automation/parser.ts");

/** Arguments that their handlers have seen, beside their work. */
let seen: ArgumentsCamelCase | null = null;
const verbs = commands.map((verb) => ({
  ...verb,
  handler: async (args: ArgumentsCamelCase) => {
    seen = args;
    await verb.handler(args);
  },
})) as CommandModule[];

const valid = [
  ["check", "--format", "json"],
  ["doctor", "--output", "x.tar.gz", "--format", "json"],
  ["init", "--site", "blog", "--regions", "primary,secondary", "--initial-active", "secondary"],
  ["init", "--site=club", "--regions", "primary", "--title", "The club", "--domain", "club.lab.test"],
  ["init", "--site", "proof", "--web-servers", "2"],
  ["provision", "--region", "primary", "--yes", "--timeout", "60"],
  ["provision", "--site", "shop", "--preview"],
  ["provision", "--preview=true", "--full=false", "--yes", "false"],
  ["status", "--format", "json", "--watch=5"],
  ["topology", "--format", "svg"],
  ["outputs", "--site", "shop", "--format", "json"],
  ["resume", "primary", "--yes", "--confirm", "primary"],
  ["durability", "--format", "json"],
  ["durability", "strict", "--yes"],
  ["pause", "--for", "30m", "--format", "json"],
  ["pause", "--off", "--site", "shop"],
  ["ack", "--format", "json"],
  ["events", "--since", "1h", "--format", "json"],
  ["timeline", "last", "--format", "html"],
  ["credentials", "--site", "shop", "--format", "table"],
  ["ssh", "primary/database", "--", "uptime", "-p"],
  ["logs", "primary/web-1", "-u", "nginx", "--since", "1 hour ago", "-n", "5", "-f"],
  ["env", "--site", "shop", "--yes"],
  ["pulumi", "--site", "shop", "up", "-s", "primary", "--diff"],
  ["unlock", "--yes", "--confirm", "shop"],
  ["destroy", "--region", "secondary", "--even-active", "--yes", "--confirm", "shop"],
  ["completion"],
];

const mutated = fc
  .constantFrom(...valid)
  .chain((argv) =>
    fc.oneof(
      { weight: 3, arbitrary: mutatedList(argv, hostileWord) },
      { weight: 1, arbitrary: repeatedPart(argv) },
    ),
  );

/** How it ended: "taken", the UserError, or what should never come out. */
async function outcome(argv: readonly string[]): Promise<unknown> {
  seen = null;
  try {
    await parserOf(argv, verbs, "0").parseAsync();
    return "taken";
  } catch (error) {
    const isTaken = error instanceof UserError && ["reached", "not-built"].includes(error.code ?? "");
    return isTaken ? "taken" : error;
  } finally {
    process.exitCode = undefined;
  }
}

/** SHA-256 of every file and folder of the clone by name. */
function contents(): Record<string, string> {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  const hash = (path: string) =>
    statSync(path).isDirectory() ? "" : createHash("sha256").update(readFileSync(path)).digest("hex");
  return Object.fromEntries(names.map((name) => [name, hash(join(root, name))]));
}

/** What a handler may be given for a flag or a word: what it declares is one value. */
function listed(args: ArgumentsCamelCase | null): string[] {
  const own = Object.entries(args ?? {}).filter(([name]) => name !== "_" && name !== "--");
  return own.flatMap(([name, value]) => (typeof value === "object" ? [name] : []));
}

const [folderBefore, envBefore] = [process.cwd(), { ...process.env }];
let empty: Record<string, string>;
beforeAll(() => {
  for (const name of readdirSync(real.site.home).filter((each) => /^Pulumi.*\.yaml$/.test(each)))
    cpSync(join(real.site.home, name), join(root, name));
  // Made by a set-up: what looks at the site gets as far as its stacks.
  mkdirSync(join(root, ".evenkeel/shop"), { recursive: true });
  const line = { at: "2026-01-01T00:00:00.000Z", run: "r1", event: "start", command: "provision" };
  writeFileSync(join(root, ".evenkeel/shop/journal.jsonl"), `${JSON.stringify(line)}\n`);
  real.clone.thisClone(root);
  empty = contents();
  // No terminal to ask at, also where a person runs this test; a name without a folder is one in the clone.
  process.env.CI = "true";
  process.chdir(root);
});
beforeEach(() => {
  for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, "write").mockReturnValue(true);
});
afterAll(() => {
  jest.restoreAllMocks();
  process.chdir(folderBefore);
  process.env = envBefore;
  rmSync(root, { recursive: true, force: true });
});

describe("[P26] arguments", () => {
  test.each(valid.map((argv) => [argv.join(" "), argv] as const))("%s is taken", async (_, argv) => {
    expect(await outcome(argv)).toBe("taken");
    expect(listed(seen)).toEqual([]);
    rmSync(join(root, "sites"), { recursive: true, force: true });
    expect(contents()).toEqual(empty);
  });

  test("250 mutations are taken, or refused (2) with a next command and no change, never a bug", async () => {
    const ends = { taken: 0, refused: 0 };
    const run = async (argv: string[]) => {
      const end = await outcome(argv);
      if (end === "taken") {
        ends.taken += 1;
        expect(listed(seen)).toEqual([]);
        for (const site of readdirSync(root).includes("sites") ? readdirSync(join(root, "sites")) : [])
          expect(loadSiteConfig(join(root, "sites", site)).site).toBe(site);
        rmSync(join(root, "sites"), { recursive: true, force: true });
      } else {
        ends.refused += 1;
        expect(end).toBeInstanceOf(UserError);
        const { exitCode, next, what } = end as UserError;
        expect({ exitCode, hasNext: next !== undefined, says: what.length > 0 }).toEqual({
          exitCode: 2,
          hasNext: true,
          says: true,
        });
      }
      expect(contents()).toEqual(empty);
    };
    await fc.assert(fc.asyncProperty(mutated, run), { numRuns: 250 });
    // A mutation that never spoils anything would prove nothing, nor one that always does.
    expect(ends.refused).toBeGreaterThan(50);
    expect(ends.taken).toBeGreaterThan(12);
  });
});
