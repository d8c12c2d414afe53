import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { keeperWithout, type Mutant, mutants } from "./mutants.ts";
import { isAsExpected, type MutantResult, modelPage, type ShapeResult } from "./page.ts";
import { play, type RunOptions, schedules } from "./schedules.ts";
import { playScript, scripts } from "./scripts.ts";

/**
 * `npm run model [-- --runs N --seed N]`: the keeper's decisions against random and scripted schedules, then the same
 * with each rule taken out, which must show. Writes docs/model.md. Exit 1 when a schedule fails with all rules in place,
 * or a rule is missed by none that stands alone; 2 usage.
 */
const home = join(import.meta.dirname, "../..");
const keeper = join(home, "automation/keeper");

const shapes: { name: string; options: RunOptions }[] = ["bounded", "strict"].flatMap((durability) =>
  [2, 3].flatMap((count) =>
    [false, true].map((brokenClocks) => ({
      name: `${count} regions, ${durability}${brokenClocks ? ", no clock to be trusted" : ""}`,
      options: {
        regions: ["primary", "secondary", "tertiary"].slice(0, count),
        durability: durability as "bounded" | "strict",
        brokenClocks,
      },
    })),
  ),
);

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  process.stderr.write(`--${name} must be a whole number from ${least}, got '${text}'\n`);
  process.exit(2);
}

function options(): { runs: number; seed: number } {
  try {
    const { values } = parseArgs({
      options: { runs: { type: "string", default: "500" }, seed: { type: "string", default: "1" } },
    });
    return { runs: wholeNumber("runs", values.runs, 1), seed: wholeNumber("seed", values.seed, 0) };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nusage: npm run model [-- --runs N --seed N]\n`);
    process.exit(2);
  }
}

function randomRuns(runs: number, seed: number, options: RunOptions) {
  const holds = fc.property(schedules(options.regions), (one) => play(one, options).violations.length === 0);
  return fc.check(holds, { numRuns: runs, seed });
}

function checkShapes(runs: number, seed: number): ShapeResult[] {
  return shapes.map(({ name, options }) => {
    const begun = performance.now();
    const { failed, numRuns, counterexample } = randomRuns(runs, seed, options);
    const seconds = (performance.now() - begun) / 1000;
    process.stderr.write(
      `${failed ? "FAILED" : "ok"}: ${name}: ${numRuns} runs in ${seconds.toFixed(1)} s\n`,
    );
    if (failed) process.stderr.write(`${JSON.stringify(counterexample?.[0])}\n`);
    return { name, runs: numRuns, seconds, failed };
  });
}

async function withoutRule(mutant: Mutant, seed: number, runs: number): Promise<MutantResult> {
  const broken = { keeper: await keeperWithout(mutant, keeper), without: mutant.hosts ?? [] };
  const caughtBy = scripts.filter((script) =>
    [false, true].some((brokenClocks) => {
      try {
        return playScript(script, { brokenClocks, ...broken }).length > 0;
      } catch {
        // The script's own moment never comes about without that rule.
        return false;
      }
    }),
  );
  const random = shapes.some(
    ({ options }) =>
      options.durability === (mutant.durability ?? "bounded") &&
      randomRuns(runs, seed, { ...options, ...broken }).failed,
  );
  const { rule, behind = null } = mutant;
  const result = { rule, scripts: caughtBy.map(({ name }) => name), random, behind };
  const shows = result.scripts.length > 0 || random;
  const word = shows ? "shows" : "shows not";
  process.stderr.write(`${isAsExpected(result) ? word : `WRONG: ${word}`}: without ${rule}\n`);
  return result;
}

const { runs, seed } = options();
const found = checkShapes(runs, seed);
const failedScripts = scripts.filter((script) =>
  [false, true].some((brokenClocks) => playScript(script, { brokenClocks }).length > 0),
);
for (const { name } of failedScripts) process.stderr.write(`FAILED: ${name}\n`);
const rules: MutantResult[] = [];
const mutantRuns = Math.min(runs, 100);
for (const mutant of mutants) rules.push(await withoutRule(mutant, seed, mutantRuns));
const commit = execFileSync("git", ["rev-parse", "--short=12", "HEAD"], {
  cwd: home,
  encoding: "utf8",
}).trim();
writeFileSync(
  join(home, "docs/model.md"),
  modelPage({ commit, seed, shapes: found, scripts: scripts.map(({ name }) => name), mutantRuns, rules }),
);
process.exitCode =
  found.some(({ failed }) => failed) || failedScripts.length > 0 || !rules.every(isAsExpected) ? 1 : 0;
