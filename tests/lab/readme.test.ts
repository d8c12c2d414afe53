import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { home, siteName } from "./support/site.ts";

const minute = 60_000;
const site = `--site ${siteName}`;

/**
 * Each command of the README: the line that is run for it here, with what its output must show; or the file that
 * runs it and words of it that do, where it builds or takes away more than this file may.
 */
const commands: Record<string, { run: string; shows: RegExp } | { elsewhere: string; holds: string }> = {
  "git clone <this repository> evenkeel && cd evenkeel": {
    elsewhere: "tests/soak/newcomer.ts",
    holds: "newcomerCommands(readmeText(), home)",
  },
  "npm run provision": { run: `npm run provision -- ${site} --preview`, shows: /to change|no changes|same/i },
  "npm run status": { run: `npm run -s status -- ${site}`, shows: /^Active +primary$/m },
  "npx evenkeel credentials": { run: `npx evenkeel credentials ${site}`, shows: /^Password +\S+$/m },
  "npx evenkeel ssh primary/database": {
    run: `npx evenkeel ssh primary/database ${site} -- hostname`,
    shows: /-primary-database$/m,
  },
  "npm run destroy": { run: `npm run destroy -- ${site} --preview`, shows: /would be deleted: / },
  "npx evenkeel status --watch": {
    run: `timeout -s INT 12 npx evenkeel status --watch ${site} || [ $? = 124 ] || [ $? = 130 ]`,
    shows: /^Active +primary$/m,
  },
  "npx evenkeel topology": { run: `npx evenkeel topology ${site}`, shows: /primary is active/ },
  "npx evenkeel outputs": { run: `npx evenkeel outputs ${site}`, shows: /primary\/web-1/ },
  "npx evenkeel ssh HOST": {
    run: `npx evenkeel ssh secondary/web-1 ${site} -- hostname`,
    shows: /-secondary-web-1$/m,
  },
  "npx evenkeel logs HOST": {
    run: `npx evenkeel logs primary/database -u mariadb -n 50 ${site}`,
    shows: /maria/i,
  },
  "npx evenkeel resume REGION --confirm REGION": {
    run: `npx evenkeel resume primary --confirm primary ${site}`,
    shows: /accepted writes already/,
  },
  "… --accept-loss": { elsewhere: "tests/lab/lost.test.ts", holds: "--accept-loss" },
  "npx evenkeel durability": { run: `npx evenkeel durability ${site}`, shows: /bounded/ },
  "npx evenkeel switchover --to REGION": {
    elsewhere: "tests/lab/moves.test.ts",
    holds: '"switchover", "--to"',
  },
  "npx evenkeel failover --to REGION": {
    elsewhere: "tests/lab/failover.test.ts",
    holds: '["failover", "--to", region',
  },
  "npx evenkeel reinstate REGION": { elsewhere: "tests/lab/failover.test.ts", holds: '"reinstate", region' },
  "npx evenkeel failback": { elsewhere: "tests/lab/moves.test.ts", holds: '"failback"' },
  "npx evenkeel drill": { elsewhere: "tests/lab/drill.test.ts", holds: '["drill", ' },
  "npx evenkeel ack": { elsewhere: "tests/lab/failover.test.ts", holds: '["ack"]' },
  "npx evenkeel events": { run: `npx evenkeel events ${site}`, shows: /resume/ },
  "npx evenkeel timeline last": { run: `npx evenkeel timeline last ${site}`, shows: /primary/ },
  "npx evenkeel pause --for 30m": {
    run: `npx evenkeel pause --for 30m ${site} && npx evenkeel pause --off ${site}`,
    shows: /until/,
  },
  "npx evenkeel verify": { run: `npx evenkeel verify ${site}`, shows: /secondary +primary +equal/ },
  "npx evenkeel unlock": { run: `npx evenkeel unlock ${site}`, shows: /nobody|not locked|free/i },
  "npx evenkeel check": { run: `npx evenkeel check ${site}`, shows: /Docker/ },
  "npx evenkeel doctor": { run: `npx evenkeel doctor ${site}`, shows: /\.tar\.gz|\.tgz|written/i },
  "npx evenkeel init --site NAME": { elsewhere: "tests/soak/shapes.ts", holds: '["init", ...words]' },
  "npx evenkeel init --site blog": {
    run: "npx evenkeel init --site readme-proof; rc=$?; rm -rf sites/readme-proof; exit $rc",
    shows: /readme-proof/,
  },
  "npx evenkeel provision --site blog": {
    elsewhere: "tests/soak/shapes.ts",
    holds: '["provision", "--yes"]',
  },
  "npx evenkeel env": { run: `npx evenkeel env ${site}`, shows: /^export PULUMI_BACKEND_URL=/m },
  'eval "$(npx evenkeel env)"': {
    run: `eval "$(npx evenkeel env ${site})" && cd sites/${siteName} && npx pulumi stack ls`,
    shows: /^primary/m,
  },
  "npx pulumi up -s primary": {
    elsewhere: "tests/lab/rebuild.test.ts",
    holds: '["pulumi", "up", "-s", stack',
  },
  "npx pulumi up -s secondary": { elsewhere: "tests/lab/rebuild.test.ts", holds: '["secondary", []]' },
  "npx pulumi up -s global": { elsewhere: "tests/lab/rebuild.test.ts", holds: '["global", []]' },
  "npx evenkeel pulumi …": { run: `npx evenkeel pulumi ${site} stack ls`, shows: /primary/ },
  "npx evenkeel completion": {
    run: `bash -c "$(npx evenkeel completion); complete -p evenkeel"`,
    shows: /complete/,
  },
  "npm test": { elsewhere: ".ci/run", holds: "exec npm test" },
  "npm run soak": { elsewhere: "package.json", holds: '"soak"' },
  "npm run test:unit": { elsewhere: "tests/run.ts", holds: "unitSuites" },
};

/** Lines of fenced blocks and first columns of tables that begin with a command; comments and options in words left out. */
function commandsIn(readme: string): string[] {
  const fenced = [...readme.matchAll(/^```\n(.*?)^```$/gms)].flatMap(([, block]) =>
    (block ?? "").split("\n"),
  );
  const columns = [...readme.matchAll(/^\| `([^`]+)`/gm)].map(([, command]) => command ?? "");
  const found = [
    ...fenced,
    ...columns,
    ...[...readme.matchAll(/^\| (… `--[^`]+`)/gm)].map(([, text]) => text ?? ""),
  ];
  return [
    ...new Set(
      found
        .map((line) =>
          line
            .replace(/\s+#.*$/, "")
            .replaceAll("`", "")
            .trim(),
        )
        .filter((line) => /^(npm|npx|git|eval|…) /.test(line)),
    ),
  ];
}

describe("the README", () => {
  test("names no command that no test runs", () => {
    const readme = readFileSync(join(home, "README.md"), "utf8");
    expect(commandsIn(readme).sort()).toEqual(Object.keys(commands).sort());
  });

  test("where a command is said to be run elsewhere, it is", () => {
    for (const how of Object.values(commands))
      if ("elsewhere" in how) expect(readFileSync(join(home, how.elsewhere), "utf8")).toContain(how.holds);
  });

  const runs = Object.entries(commands).flatMap(([name, how]) =>
    "run" in how ? [[name, how] as const] : [],
  );
  test.each(runs)(
    "%s",
    async (_, { run, shows }) => {
      const { exitCode, all } = await execa("bash", ["-c", run], {
        cwd: home,
        reject: false,
        all: true,
        timeout: 2 * minute,
        stdin: "ignore",
      });
      expect({ exitCode, all }).toEqual({ exitCode: 0, all: expect.stringMatching(shows) });
    },
    3 * minute,
  );
});
