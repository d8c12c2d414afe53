import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readIfThere } from "../../automation/site/durable.ts";
import { runTests } from "./jest.ts";
import { takeAway, well } from "./shapes.ts";

const engines = ["mariadb", "postgresql"];
/** Of each engine, half of them in `strict` and half in `bounded`. */
const failovers = 20;

/** What one half of an engine's share came to: told at once, so that an hour of rounds is not lost with what follows. */
export type Forced =
  | {
      of: "failovers";
      engine: string;
      /** "20 passed, 0 failed". */
      tests: string;
      figures: Round[];
      problems: string[];
    }
  | {
      /** The orchestrator killed behind every step, refusals on the way, and the control arm that must lose. */
      of: "moves";
      engine: string;
      tests: string;
      problems: string[];
    };

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
    await ofEngine(engine, (forced) => {
      const { of, problems } = forced;
      say(`${engine}, ${of}: ${problems.length === 0 ? "well" : `FAILED: ${problems.join("; ")}`}`);
      found(forced);
    });
  }
}

async function ofEngine(engine: string, found: (forced: Forced) => void): Promise<void> {
  const site = `soak-forced-${engine}`;
  const built = await problemsOf(async () => {
    const left = await takeAway(site);
    if (left.length > 0) throw new Error(left.join("; "));
    await well(site, ["init", "--engine", engine]);
    await well(site, ["provision", "--yes"]);
  });
  // Without a site neither half can be run, and each says so.
  const none = { tests: "none ran", figures: [], problems: built };
  found({ of: "failovers", engine, ...(built.length > 0 ? none : await forceFailovers(site)) });
  const moves = built.length > 0 ? none : await makeMoves(site);
  const { tests, problems } = moves;
  found({ of: "moves", engine, tests, problems: [...problems, ...(await takeAway(site))] });
}

async function problemsOf(work: () => Promise<void>): Promise<string[]> {
  try {
    await work();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

async function forceFailovers(
  site: string,
): Promise<Pick<Forced & { of: "failovers" }, "tests" | "figures" | "problems">> {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-failovers-"));
  const file = join(folder, "figures.jsonl");
  try {
    const { result, failed } = await runTests(["tests/soak/lab/failovers.test.ts"], {
      EVENKEEL_TEST_SITE: site,
      EVENKEEL_FAILOVERS: String(failovers / 2),
      EVENKEEL_FAILOVER_FIGURES: file,
    });
    const lines = (readIfThere(file) ?? "").split("\n").filter((line) => line !== "");
    return { tests: result, figures: lines.map((line) => JSON.parse(line) as Round), problems: failed };
  } catch (error) {
    return { tests: "none ran", figures: [], problems: [(error as Error).message] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeMoves(site: string): Promise<{ tests: string; problems: string[] }> {
  const files = [
    "tests/lab/(moves|refused-moves|failover|drill).test.ts",
    "tests/soak/lab/drill-killed.test.ts",
  ];
  try {
    const { result, failed } = await runTests(files, {
      EVENKEEL_TEST_SITE: site,
      EVENKEEL_EVERY_STEP: "1",
    });
    return { tests: result, problems: failed };
  } catch (error) {
    return { tests: "none ran", problems: [(error as Error).message] };
  }
}
