import { join } from "node:path";
import { execa } from "execa";

/** The static checks: each is a program of this clone with its arguments. */
export interface Check {
  title: string;
  argv: readonly [string, ...string[]];
}

export const checks: readonly Check[] = [
  { title: "tsc: types", argv: ["tsc", "--noEmit"] },
  { title: "biome: format and lint", argv: ["biome", "check", "--error-on-warnings", "."] },
  { title: "eslint: no floating promises", argv: ["eslint", "."] },
  { title: "knip: nothing unused", argv: ["knip"] },
  {
    title: "dependency-cruiser: the rooms' import rules",
    argv: ["depcruise", "--config", ".dependency-cruiser.cjs", "index.ts", "automation", "components"],
  },
];

const deadlineMs = 180_000;

export async function runCheck(check: Check, home: string): Promise<{ passed: boolean; output: string }> {
  const [program, ...rest] = check.argv;
  const result = await execa(join(home, "node_modules/.bin", program), rest, {
    cwd: home,
    reject: false,
    all: true,
    stdin: "ignore",
    timeout: deadlineMs,
  });
  return { passed: result.exitCode === 0, output: String(result.all ?? "") };
}

/** Run by itself (`npm run check`): prints one line a check, and what the failing ones said. */
if (process.argv[1] === import.meta.filename) {
  const home = join(import.meta.dirname, "..");
  let failed = 0;
  for (const check of checks) {
    const { passed, output } = await runCheck(check, home);
    if (!passed) failed += 1;
    process.stdout.write(`${passed ? "ok  " : "FAIL"} ${check.title}\n${passed ? "" : `${output}\n`}`);
  }
  process.stdout.write(`${checks.length - failed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}
