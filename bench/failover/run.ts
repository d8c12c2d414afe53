import { writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { exitCodes, explain, UserError } from "../../automation/errors.ts";
import { createInterrupts, interrupts, useInterrupts } from "../../automation/interrupt.ts";
import { home, minuteMs, run } from "../rollout/command.ts";
import { machineText } from "../rollout/table.ts";
import { measureEvenkeel } from "./evenkeel.ts";
import type { Measured } from "./figures.ts";
import { notes } from "./notes.ts";
import { leastRounds, type Options, optionsOf } from "./options.ts";
import { page, tables } from "./page.ts";
import { type ArmOptions, measurePatroni } from "./patroni.ts";
import { keep, kept } from "./records.ts";

/**
 * `npm run bench:failover -- [--site NAME] [--only patroni|evenkeel] [--rounds N] [--round-trip-ms 0|20|80]`: what a
 * switchover, a failover and the old writer's return cost, ours and Patroni's. Ours is drilled at a site of the lab that
 * stands; Patroni gets hosts of its own, which are taken away again. Of 20 rounds or more the page docs/bench-failover.md is
 * written, out of this run and earlier ones; fewer are a trial and only shown. As root where regions are put apart.
 * Exit 0 done, 1 error, 2 usage, 130 interrupted.
 */

function say(line: string) {
  process.stderr.write(`${line}\n`);
}

async function measure({ arms, site, rounds, roundTripMs }: Options): Promise<Measured[]> {
  const { stdout: commit } = await run(["git", "rev-parse", "HEAD"], { timeoutMs: minuteMs });
  const machine = machineText({ cores: availableParallelism(), memoryGib: totalmem() / 2 ** 30 });
  const { signal } = interrupts();
  const clock = {
    now: () => performance.timeOrigin + performance.now(),
    sleep: (milliseconds: number) => new Promise<void>((wake) => setTimeout(wake, milliseconds)),
    check: () => interrupts().check(),
  };
  const options: ArmOptions = { rounds, roundTripMs, clock, say, about: { commit: commit.trim(), machine } };
  const all: Measured[] = [];
  for (const arm of arms) {
    const measured =
      arm === "patroni"
        ? await measurePatroni(options)
        : [await measureEvenkeel(site as string, { ...options, signal })];
    // At once: an hour of one arm is not lost with the other.
    if (rounds >= leastRounds) keep(measured);
    all.push(...measured);
    interrupts().check();
  }
  return all;
}

/** At a second interrupt: nothing is taken away any more; the next run of Patroni's arm does. */
function endAtOnce(): void {
  say("Left as it is: containers and networks evenkeel-bench-failover-*, which the next run takes away");
  process.exit(exitCodes.interrupted);
}

async function main(argv: readonly string[]): Promise<void> {
  const options = optionsOf(argv);
  const own = createInterrupts({ say, end: endAtOnce });
  useInterrupts(own);
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, own.receive);
  process.on("SIGHUP", own.hangUp);
  const measured = await own.guard(() => measure(options));
  process.stdout.write(`${tables(measured)}\n`);
  if (options.rounds < leastRounds) {
    say(`A trial: docs/bench-failover.md is written of ${leastRounds} rounds or more.`);
    return;
  }
  writeFileSync(join(home, "docs/bench-failover.md"), page(kept(), notes));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  for (const line of explain(error)) say(line);
  const isStopped = interrupts().signal.aborted;
  process.exitCode = isStopped
    ? exitCodes.interrupted
    : error instanceof UserError
      ? error.exitCode
      : exitCodes.error;
}
