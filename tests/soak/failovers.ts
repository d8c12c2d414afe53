import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readIfThere } from "../../automation/site/durable.ts";
import { runTests } from "./jest.ts";
import { takeAway, well } from "./shapes.ts";

const engines = ["mariadb", "postgresql"];
/** Of each engine, half of them in `strict` and half in `bounded`. */
const failovers = 20;

/** What the forced failovers of one engine came to. */
export interface Forced {
  engine: string;
  /** "26 passed, 0 failed": the failovers, … */
  tests: string;
  /** … and the orchestrator killed behind every step, refusals on the way, and the control arm that must lose. */
  moves: string;
  figures: Round[];
  problems: string[];
}

interface Round {
  durability: string;
  /** From the last acknowledged order to the first one behind; null where there was none. */
  writesMs: number | null;
  acknowledged: number;
  lost: number | null;
  doubled: number | null;
}

interface Options {
  say: (line: string) => void;
  found: (forced: Forced) => void;
}

/** A site of each engine from nothing, the failovers and moves on it, and all to nothing again. */
export async function runFailovers({ say, found }: Options): Promise<void> {
  for (const engine of engines) {
    const forced = await ofEngine(engine);
    say(`${engine}: ${forced.problems.length === 0 ? "well" : `FAILED: ${forced.problems.join("; ")}`}`);
    found(forced);
  }
}

async function ofEngine(engine: string): Promise<Forced> {
  const site = `soak-forced-${engine}`;
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-failovers-"));
  const file = join(folder, "figures.jsonl");
  const forced: Forced = { engine, tests: "none ran", moves: "none ran", figures: [], problems: [] };
  try {
    forced.problems.push(...(await takeAway(site)));
    await well(site, ["init", "--engine", engine]);
    await well(site, ["provision", "--yes"]);
    const own = await runTests(["tests/soak/lab/failovers.test.ts"], {
      EVENKEEL_TEST_SITE: site,
      EVENKEEL_FAILOVERS: String(failovers / 2),
      EVENKEEL_FAILOVER_FIGURES: file,
    });
    const lines = (readIfThere(file) ?? "").split("\n").filter((line) => line !== "");
    const moves = await runTests(
      ["tests/lab/(moves|refused-moves|failover|drill).test.ts", "tests/soak/lab/drill-killed"],
      {
        EVENKEEL_TEST_SITE: site,
        EVENKEEL_EVERY_STEP: "1",
      },
    );
    forced.tests = own.result;
    forced.moves = moves.result;
    forced.figures = lines.map((line) => JSON.parse(line) as Round);
    forced.problems.push(...own.failed, ...moves.failed);
  } catch (error) {
    forced.problems.push((error as Error).message);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  forced.problems.push(...(await takeAway(site)));
  return forced;
}
