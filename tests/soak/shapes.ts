import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { interrupts } from "../../automation/interrupt.ts";
import { leftovers } from "../../automation/lab/docker.ts";
import { home } from "../lab/support/cli.ts";

/** Sites that differ from the default one in what they are made of: built side by side, rebooted, looked at, destroyed. */
const shapes = [
  { site: "soak-alone", words: ["--regions", "primary"], active: "primary", regions: ["primary"] },
  {
    site: "soak-swapped",
    words: ["--initial-active", "secondary"],
    active: "secondary",
    regions: ["primary", "secondary"],
  },
];

export interface Shape {
  name: string;
  provisionSeconds: number;
  /** From the stop of all its machines at once, as a reboot of this one leaves them, until it is well again. */
  rebootSeconds: number;
  problems: string[];
}

const minute = 60_000;

async function evenkeel(site: string, words: readonly string[]) {
  const started = performance.now();
  const argv = [join(home, "bin/evenkeel.mjs"), ...words, "--site", site];
  const { exitCode, stdout, stderr } = await execa("node", argv, {
    reject: false,
    stdin: "ignore",
    timeout: 15 * minute,
  });
  return { exitCode: exitCode ?? -1, stdout, stderr, seconds: (performance.now() - started) / 1000 };
}

/** The same, for a command that must succeed: its seconds. */
export async function well(site: string, words: readonly string[]): Promise<number> {
  const { exitCode, stderr, seconds } = await evenkeel(site, words);
  if (exitCode !== 0)
    throw new Error(`${words[0]} ended with ${exitCode}: ${stderr.split("\n").slice(-5).join(" ")}`);
  return seconds;
}

async function problemsOf(site: string, active: string, regions: readonly string[]): Promise<string[]> {
  const { exitCode, stdout } = await evenkeel(site, ["status", "--format", "json"]);
  const seen = JSON.parse(stdout || "{}") as { active?: string; regions?: { name: string }[] };
  const found = { exitCode, active: seen.active, regions: seen.regions?.map(({ name }) => name) };
  const wanted = { exitCode: 0, active, regions };
  return JSON.stringify(found) === JSON.stringify(wanted) ? [] : [`found ${JSON.stringify(found)}`];
}

/** Takes a shape's site away with its files; a problem where anything is left. */
export async function takeAway(site: string): Promise<string[]> {
  const folder = join(home, "sites", site);
  if (!existsSync(folder)) return [];
  const { exitCode } = await evenkeel(site, ["destroy", "--yes", "--confirm", site]);
  const left = Object.values(await leftovers(site)).flat();
  if (exitCode !== 0 || left.length > 0) return [`destroy ended with ${exitCode}, ${left.length} left`];
  rmSync(folder, { recursive: true, force: true });
  return [];
}

/** Builds the shape, stops all its machines at once, and builds it again. Its seconds and problems go into `shape`. */
async function live({ site, words, active, regions }: (typeof shapes)[number], shape: Shape): Promise<void> {
  await well(site, ["init", ...words]);
  shape.provisionSeconds = await well(site, ["provision", "--yes"]);
  shape.problems.push(...(await problemsOf(site, active, regions)));
  const { containers } = await leftovers(site);
  await execa("docker", ["kill", ...containers], { timeout: minute });
  shape.rebootSeconds = await well(site, ["provision", "--yes"]);
  shape.problems.push(...(await problemsOf(site, active, regions)));
}

interface Options {
  say: (line: string) => void;
  found: (shape: Shape) => void;
}

/**
 * Every shape from nothing, beside those before it, which must not notice; then all to nothing again. What an earlier
 * run left of one goes first. Those are looked at once more that were well by themselves: of the others it is known.
 */
export async function runShapes({ say, found }: Options): Promise<void> {
  const all = shapes.map((one) => {
    const shape: Shape = { name: one.words.join(" "), provisionSeconds: 0, rebootSeconds: 0, problems: [] };
    const trying = async (work: Promise<string[] | undefined>) => {
      try {
        shape.problems.push(...((await work) ?? []));
      } catch (error) {
        shape.problems.push((error as Error).message);
      }
      // Ctrl-C at the terminal ends the shape's own run as well: that says nothing of the shape.
      interrupts().check();
    };
    return { ...one, shape, trying, isWell: () => shape.problems.length === 0 };
  });
  for (const { site, trying } of all) await trying(takeAway(site));
  for (const one of all) if (one.isWell()) await one.trying(live(one, one.shape).then(() => undefined));
  for (const one of all) if (one.isWell()) await one.trying(problemsOf(one.site, one.active, one.regions));
  for (const { site, trying } of all) await trying(takeAway(site));
  for (const { shape, isWell } of all) {
    say(`${shape.name}: ${isWell() ? "well" : `FAILED: ${shape.problems.join("; ")}`}`);
    found(shape);
  }
}
