import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { exitCodes } from "../../automation/errors.ts";
import { createInterrupts, useInterrupts } from "../../automation/interrupt.ts";
import { setUpEngine } from "../../automation/rollout/engine.ts";
import { home } from "../lab/support/cli.ts";
import { interrupts, type Round } from "./interrupts.ts";
import { runShapes, type Shape } from "./shapes.ts";

/**
 * `npm run soak [-- --seed N]`: what is too long for `npm test`. Runs on the same site as the lab tests, destroys it at
 * the end and writes what was found to docs/soak.md. Exit 1 when anything failed.
 */
const kills = { provision: 8, destroy: 4 };

function say(line: string) {
  process.stderr.write(`${line}\n`);
}

function seedOf(argv: readonly string[]): number {
  const given = argv[argv.indexOf("--seed") + 1];
  if (!argv.includes("--seed")) return Math.floor(Date.now() / 1000) % 100_000;
  if (given !== undefined && /^\d{1,9}$/.test(given)) return Number(given);
  say("--seed takes a whole number: npm run soak -- --seed 7");
  process.exit(exitCodes.usage);
}

function shapeLines(shapes: readonly Shape[]): string[] {
  const lines = shapes.map(({ name, provisionSeconds, rebootSeconds, problems }) => {
    const outcome = problems.length === 0 ? "well" : `**failed:** ${problems.join("; ")}`.split("\n")[0];
    return `| \`${name}\` | ${provisionSeconds.toFixed(1)} | ${rebootSeconds.toFixed(1)} | ${outcome} |`;
  });
  return [
    "## Other shapes of a site",
    "",
    "Each is built beside the ones before it; all its machines are stopped at once, as a reboot would, and it is built",
    "again. All are looked at once more, and destroyed.",
    "",
    "| init | seconds to build | seconds after the reboot | outcome |",
    "|---|---|---|---|",
    ...lines,
    "",
  ];
}

function page(commit: string, seed: number, rounds: readonly Round[], shapes: readonly Shape[]): string {
  const failed = rounds.filter(({ problems }) => problems.length > 0).length;
  const lines = rounds.map(({ moment, endedWith, stopSeconds, carryOnSeconds, problems }) => {
    const outcome = problems.length === 0 ? "converged" : `**failed:** ${problems.join("; ")}`.split("\n")[0];
    const cells = [moment.verb, moment.blow, moment.afterLine, endedWith ?? "signal"];
    return `| ${[...cells, stopSeconds.toFixed(1), carryOnSeconds.toFixed(1), outcome].join(" | ")} |`;
  });
  return [
    "# The last soak",
    "",
    "Written by `npm run soak`; not edited by hand.",
    "",
    `Commit ${commit.slice(0, 12)}, seed ${seed}: ${rounds.length - failed} of ${rounds.length} rounds converged.`,
    "",
    "Each round interrupts a run (a cold provision, or the destroy of a whole site) after a line of its progress, then",
    "runs the same command again and looks at the site, its processes and what is left of it.",
    "",
    "| run | how it was ended | after line | exit | seconds to its end | seconds to carry on | outcome |",
    "|---|---|---|---|---|---|---|",
    ...lines,
    "",
    ...shapeLines(shapes),
  ].join("\n");
}

const seed = seedOf(process.argv);
useInterrupts(createInterrupts({ say, end: () => process.exit(exitCodes.interrupted) }));
await setUpEngine({ yes: true });
const shapes = await runShapes(say);
const rounds: Round[] = [];
const { stdout: commit } = await execa("git", ["rev-parse", "HEAD"], { cwd: home });
try {
  for await (const round of interrupts(seed, kills, say)) rounds.push(round);
} finally {
  // Hours of rounds are not lost with the one that could not be done.
  writeFileSync(join(home, "docs/soak.md"), page(commit, seed, rounds, shapes));
}
const all = [...shapes, ...rounds];
const failed = all.filter(({ problems }) => problems.length > 0).length;
process.stdout.write(`${all.length - failed} converged, ${failed} failed; written to docs/soak.md\n`);
process.exitCode = failed === 0 ? 0 : 1;
