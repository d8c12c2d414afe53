import { join } from "node:path";
import { execa } from "execa";
import { home } from "../lab/support/cli.ts";
import { takeAway, well } from "./shapes.ts";

/** The engines that `npm test` builds no site of, and the lab tests that hold for each. */
const others = ["postgresql"];
const neutral = ["lease", "ledger"];

export interface Matrix {
  engine: string;
  provisionSeconds: number;
  /** Of the provision that finds nothing to do. */
  againSeconds: number;
  /** "5 passed, 0 failed": of its database and keeper on two plain hosts, every chapter … */
  hosts: string;
  /** … and on the site. */
  tests: string;
  problems: string[];
}

interface Options {
  say: (line: string) => void;
  found: (matrix: Matrix) => void;
}

/** Two plain hosts of each engine; then a site from nothing, the tests on it, and all to nothing again. */
export async function runEngines({ say, found }: Options): Promise<void> {
  for (const engine of others) {
    const site = `soak-${engine}`;
    const matrix: Matrix = {
      engine,
      provisionSeconds: 0,
      againSeconds: 0,
      hosts: "none ran",
      tests: "none ran",
      problems: [],
    };
    try {
      matrix.problems.push(...(await takeAway(site)));
      matrix.hosts = await run([`tests/soak/hosts/${engine}`], matrix.problems);
      await well(site, ["init", "--engine", engine]);
      matrix.provisionSeconds = await well(site, ["provision", "--yes"]);
      matrix.againSeconds = await well(site, ["provision", "--yes"]);
      matrix.tests = await run(
        neutral.map((name) => `tests/lab/${name}.test.ts`),
        matrix.problems,
        site,
      );
    } catch (error) {
      matrix.problems.push((error as Error).message);
    }
    matrix.problems.push(...(await takeAway(site)));
    say(`${engine}: ${matrix.problems.length === 0 ? "well" : `FAILED: ${matrix.problems.join("; ")}`}`);
    found(matrix);
  }
}

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { assertionResults: { fullName: string; status: string }[] }[];
}

/** The result in words; what failed is added to the problems. `site`: which one the lab tests are about. */
async function run(patterns: readonly string[], problems: string[], site?: string): Promise<string> {
  const argv = [
    ...["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"],
    join(home, "node_modules/jest/bin/jest.js"),
    ...patterns,
    ...["--runInBand", "--forceExit", "--json", "--testSequencer=./tests/lab/support/sequencer.mjs"],
  ];
  const { stdout, exitCode } = await execa(process.execPath, argv, {
    cwd: home,
    env: site === undefined ? {} : { EVENKEEL_TEST_SITE: site },
    reject: false,
    stdin: "ignore",
    stderr: "ignore",
    timeout: 30 * 60_000,
  });
  const report = JSON.parse(stdout) as Report;
  const failed = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== "passed");
  problems.push(...failed.map(({ fullName }) => `failed: ${fullName}`));
  if (exitCode !== 0 && failed.length === 0) problems.push(`jest ended with ${exitCode}`);
  return `${report.numPassedTests} passed, ${report.numFailedTests} failed`;
}
