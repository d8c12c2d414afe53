import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { UserError } from "../../automation/errors.ts";
import { commands, parserOf, refuseKeptFlags } from "../../automation/parser.ts";

/** How it ended: "taken", the UserError, or what should never come out. */
async function outcome(argv: readonly string[]): Promise<unknown> {
  try {
    await parserOf(argv, commands, "0").parseAsync();
    return "taken";
  } catch (error) {
    return error;
  }
}

/** With every verb at work: each of these is refused before anything is made or asked. */
describe("[P26] refused by name with the next command, before anything is touched", () => {
  const cache = mkdtempSync(join(tmpdir(), "evenkeel-parser-"));
  const before = { ...process.env };
  beforeAll(() => {
    // No terminal to ask at, also where a person runs this test.
    Object.assign(process.env, { CI: "true", XDG_CACHE_HOME: cache });
  });
  afterAll(() => {
    process.env = before;
    rmSync(cache, { recursive: true, force: true });
  });

  test.each([
    ["an unknown flag", ["destroy", "--typo"], "typo", "npx evenkeel destroy --help"],
    ["an unknown command", ["frobnicate"], "frobnicate", "npx evenkeel --help"],
    ["a misspelt command", ["reprovision"], "reprovision. Did you mean provision?", "npx evenkeel --help"],
    ["a flag after --site", ["--site", "shop", "status", "--typo"], "typo", "npx evenkeel status --help"],
    ["a stray word", ["provision", "secondary"], "secondary", "npx evenkeel provision --help"],
    ["no command", [], "Which command?", "npx evenkeel --help"],
    ["an unknown format", ["status", "--format", "yaml"], "format", "npx evenkeel status --help"],
    ["a flag without its value", ["logs", "primary/web-1", "--unit"], "unit", "npx evenkeel logs --help"],
    [
      "a watch that is no time",
      ["status", "--watch=0"],
      "--watch takes seconds",
      "npx evenkeel status --help",
    ],
    [
      "an output without a name",
      ["doctor", "--output="],
      "--output takes a file",
      "npx evenkeel doctor --help",
    ],
    [
      "two outputs",
      ["doctor", "--output", "a", "--output", "b"],
      "--output takes one",
      "evenkeel doctor --help",
    ],
    [
      "two regions",
      ["init", "--site", "x", "--regions=a", "--regions", "b"],
      "--regions takes",
      "init --help",
    ],
    [
      "a flag that nobody would read",
      ["provision", "--", "--preview"],
      "--preview stands behind",
      "provision --help",
    ],
    ["two formats", ["topology", "--format", "svg", "--format", "svg"], "--format takes", "topology --help"],
    [
      "two sites",
      ["--site", "shop", "status", "--site", "shop"],
      "--site takes one",
      "evenkeel status --help",
    ],
    ["two watches", ["status", "--watch", "--watch=5"], "--watch takes one", "evenkeel status --help"],
    ["two names of one flag", ["logs", "x", "-u", "a", "--unit", "b"], "-u takes one value", "logs --help"],
    ["a switch with a value", ["provision", "--preview=yes"], "--preview is on or off", "provision --help"],
    ["a switch with 1", ["destroy", "--even-active=1"], "--even-active is on or off", "destroy --help"],
    ["a switch with True", ["provision", "--full=True"], "--full is on or off", "provision --help"],
    ["a switch with nothing", ["env", "--yes="], "--yes is on or off", "evenkeel env --help"],
    ["a switch's other name", ["logs", "x", "-f=yes"], "-f is on or off", "evenkeel logs --help"],
    ["a switch in camel case", ["resume", "x", "--acceptLoss=on"], "--acceptLoss is on", "resume --help"],
    ["a switch of every verb", ["status", "--help=yes"], "--help is on or off", "status --help"],
    ["a negated value", ["init", "--site", "x", "--no-regions"], "no-regions", "evenkeel init --help"],
    ["a part of a value", ["init", "--site", "x", "--title.x", "y"], "title.x", "evenkeel init --help"],
    [
      "an unknown region",
      ["provision", "--region", "nowhere"],
      "there is no region nowhere",
      "npx evenkeel provision --region primary",
    ],
    [
      "a timeout that is none",
      ["provision", "--timeout", "2"],
      "--timeout 2",
      "npx evenkeel provision --timeout 1800",
    ],
    ["an unknown site", ["status", "--site", "nope"], "there is no site nope", "npx evenkeel"],
    ["a site that leaves its folder", ["status", "--site", "../x"], "is no site name", "npx evenkeel"],
    ["destroy without a confirmation", ["destroy"], "no terminal", "--confirm shop"],
    ["destroy with the wrong name", ["destroy", "--yes", "--confirm", "other"], "other", "--confirm shop"],
    ["destroy with a name but without --yes", ["destroy", "--confirm", "shop"], "--yes", "--yes"],
    ["resume without a confirmation", ["resume", "primary"], "no terminal", "--confirm primary"],
    ["durability of no mode", ["durability", "loose"], '"loose"', "durability --help"],
    ["two durabilities", ["durability", "strict", "async"], "async", "durability --help"],
    ["resume of no region", ["resume", "third", "--confirm", "third"], "no region third", "resume primary"],
  ])("%s", async (_, argv, named, remedy) => {
    const error = (await outcome(argv)) as UserError;
    expect(error).toBeInstanceOf(UserError);
    expect(error.exitCode).toBe(2);
    expect(`${error.what} ${error.why ?? ""}`).toContain(named);
    expect(error.next).toContain(remedy);
    expect(readdirSync(cache)).toEqual([]);
  });

  test.each([
    ["--preview", { npm_config_preview: "true" }, ["provision"], true],
    ["--region=primary", { npm_config_region: "primary" }, ["provision"], true],
    ["--even-active", { npm_config_even_active: "true" }, ["destroy"], true],
    ["none", {}, ["provision"], false],
    ["--preview, after the dashes", { npm_config_preview: "true" }, ["provision", "--preview"], false],
    ["npm's own --yes", { npm_config_yes: "true" }, ["provision"], false],
  ])("npm that keeps %s to itself: refused: %#", (_, kept, argv, refused) => {
    const env = { ...kept, npm_lifecycle_event: argv[0] };
    const run = (script: NodeJS.ProcessEnv) => () => refuseKeptFlags(argv, script);
    if (refused) expect(run(env)).toThrow(expect.objectContaining({ exitCode: 2 }));
    else expect(run(env)).not.toThrow();
    // Whoever else runs the command has npm's settings for other reasons.
    expect(run({ ...env, npm_lifecycle_event: "test" })).not.toThrow();
    expect(run(kept)).not.toThrow();
  });

  test.each(["provision", "destroy"])(
    "a stray word names the two dashes that npm wants, when npm started %s",
    async (script) => {
      process.env.npm_lifecycle_event = script;
      const error = (await outcome([script, "secondary"])) as UserError;
      expect(error.why).toContain(`npm run ${script} -- --`);
    },
  );
});
