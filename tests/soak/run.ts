import { execa } from "execa";
import { exitCodes, explain, UserError } from "../../automation/errors.ts";
import { createInterrupts, useInterrupts } from "../../automation/interrupt.ts";
import { setUpEngine } from "../../automation/rollout/engine.ts";
import { home } from "../lab/support/cli.ts";
import { runEngines } from "./engines.ts";
import { runFailovers } from "./failovers.ts";
import { interruptRuns } from "./interrupts.ts";
import { runLease } from "./lease.ts";
import { newcomer } from "./newcomer.ts";
import { optionsOf } from "./options.ts";
import type { Findings, PartName } from "./page.ts";
import { keep } from "./results.ts";
import { runShapes } from "./shapes.ts";

/**
 * `npm run soak [-- --only shapes|engines|lease|failovers|newcomer|interrupts --seed N]`: what is too long for
 * `npm test`. Interrupts runs on the same site as the lab tests, which is destroyed at the end, and writes what was found to docs/soak.md. Exit 1 when
 * anything failed, 2 usage, 130 interrupted.
 */
const kills = { provision: 8, destroy: 4 };

function say(line: string) {
  process.stderr.write(`${line}\n`);
}

type Found<Name extends PartName> = (finding: Findings[Name]) => void;

const parts: { [Name in PartName]: (found: Found<Name>, seed: number) => Promise<void> } = {
  shapes: (found) => runShapes({ say, found }),
  engines: (found) => runEngines({ say, found }),
  lease: (found) => runLease({ say, found }),
  failovers: (found) => runFailovers({ say, found }),
  newcomer: (found) => newcomer({ say, found }),
  interrupts: (found, seed) => interruptRuns({ seed, kills, say, found }),
};

/** Runs one part. What it finds is kept at once: hours of rounds are not lost with the one that could not be done. */
async function runPart<Name extends PartName>(
  name: Name,
  { commit, seed }: { commit: string; seed: number },
): Promise<Findings[Name][]> {
  const findings: Findings[Name][] = [];
  const keepWith = (cutShort: string | null) => keep(name, { commit, seed, cutShort, findings });
  const found = (finding: Findings[Name]) => {
    findings.push(finding);
    keepWith("it was ended from outside, or is still under way");
  };
  try {
    await parts[name](found, seed);
    keepWith(null);
  } catch (error) {
    keepWith((error as Error).message);
    throw error;
  }
  return findings;
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2), Math.floor(Date.now() / 1000) % 100_000);
  const interrupts = createInterrupts({ say, end: () => process.exit(exitCodes.interrupted) });
  useInterrupts(interrupts);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupts.receive);
  process.on("SIGHUP", interrupts.hangUp);
  await setUpEngine({ yes: true });
  const { stdout: commit } = await execa("git", ["rev-parse", "HEAD"], { cwd: home });
  const about = { commit, seed: options.seed };
  const all: { problems: string[] }[] = [];
  await interrupts.guard(async () => {
    for (const name of options.parts) {
      all.push(...(await runPart(name, about)));
      interrupts.check();
    }
  });
  const failed = all.filter(({ problems }) => problems.length > 0).length;
  process.stdout.write(`${all.length - failed} well, ${failed} failed; written to docs/soak.md\n`);
  process.exitCode = failed === 0 ? exitCodes.ok : exitCodes.error;
}

try {
  await main();
} catch (error) {
  const isKnown = error instanceof UserError;
  say(isKnown ? explain(error).join("\n") : String((error as Error).stack));
  process.exitCode = isKnown ? error.exitCode : exitCodes.error;
}
