import { runTests } from "./jest.ts";
import { takeAway, well } from "./shapes.ts";

/** The engines that `npm test` builds no site of, and the lab tests that hold for each. */
const others = ["postgresql"];
const neutral = ["lease", "ledger", "web-hosts"];

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
      const hosts = await runTests([`tests/soak/hosts/${engine}`], {});
      matrix.hosts = hosts.result;
      matrix.problems.push(...hosts.failed);
      await well(site, ["init", "--engine", engine]);
      matrix.provisionSeconds = await well(site, ["provision", "--yes"]);
      matrix.againSeconds = await well(site, ["provision", "--yes"]);
      const files = neutral.map((name) => `tests/lab/${name}.test.ts`);
      const onSite = await runTests(files, { EVENKEEL_TEST_SITE: site, EVENKEEL_EVERY_STEP: "1" });
      matrix.tests = onSite.result;
      matrix.problems.push(...onSite.failed);
    } catch (error) {
      matrix.problems.push((error as Error).message);
    }
    matrix.problems.push(...(await takeAway(site)));
    say(`${engine}: ${matrix.problems.length === 0 ? "well" : `FAILED: ${matrix.problems.join("; ")}`}`);
    found(matrix);
  }
}
