import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { interrupts } from "../../automation/interrupt.ts";
import { objectsOf } from "../../automation/lab/docker.ts";
import { defaultSite } from "../../automation/options.ts";
import { home } from "../lab/support/cli.ts";
import { leftProcesses } from "../lab/support/lab.ts";
import { newcomerEnvironment } from "./environment.ts";
import { type NewcomerCommand, newcomerCommands } from "./readme.ts";

/** Someone who has nothing but the README: a bare clone, a home with nothing in it, the commands as they stand there. */

/** One command of the README, or a look at what there is. */
export interface Visit {
  command: string;
  seconds: number;
  problems: string[];
}

interface Options {
  say: (line: string) => void;
  found: (visit: Visit) => void;
}

const minute = 60_000;
/** A set-up that has to build everything itself takes ten minutes on two cores. */
const commandMs = 45 * minute;

interface Place {
  /** Holds everything below, and goes at the end. */
  root: string;
  /** The newcomer's HOME. */
  home: string;
  clone: string;
}

/** Runs the README's five minutes, the destroy whatever became of them, and looks at what is left then. */
export async function newcomer({ say, found }: Options): Promise<void> {
  const tell = (visit: Visit) => {
    const outcome = visit.problems.length === 0 ? "well" : `FAILED: ${visit.problems.join("; ")}`;
    say(`newcomer: ${visit.command}: ${outcome} (${visit.seconds.toFixed(1)} s)`);
    found(visit);
  };
  const before = await timed("before the first command", siteProblems);
  if (before.problems.length > 0) return tell(before);
  const { commands, folder, destroy } = newcomerCommands(readmeText(), home);
  const root = realpathSync(mkdtempSync(join(tmpdir(), "evenkeel-newcomer-")));
  const place = { root, home: join(root, "home"), clone: join(root, folder) };
  mkdirSync(place.home, { mode: 0o700 });
  try {
    await runAll(place, commands, tell);
  } finally {
    if (existsSync(join(place.clone, "package.json"))) tell(await run(place, destroy));
    tell(await timed("what is left of it", () => leftProblems(place)));
  }
}

/** Each in its turn. Behind one that failed nothing is run: `npx` would look elsewhere for what is not there. */
async function runAll(
  place: Place,
  commands: readonly NewcomerCommand[],
  tell: (visit: Visit) => void,
): Promise<void> {
  let failed: string | null = null;
  for (const command of commands) {
    if (failed !== null) {
      tell({ command: command.shown, seconds: 0, problems: [`not run: "${failed}" failed`] });
      continue;
    }
    const visit = await run(place, command);
    // Ctrl-C at the terminal ended the command as well: that says nothing of it.
    interrupts().check();
    if (visit.problems.length === 0 && command === commands[0])
      visit.problems.push(...(await headProblems(place)));
    tell(visit);
    if (visit.problems.length > 0) failed = command.shown;
  }
}

async function run(place: Place, { shown, runs }: NewcomerCommand): Promise<Visit> {
  return timed(shown, async () => {
    const result = await execa("bash", ["-c", runs], {
      cwd: existsSync(place.clone) ? place.clone : place.root,
      env: newcomerEnvironment(process.env, place.home),
      extendEnv: false,
      reject: false,
      all: true,
      stdin: "ignore",
      timeout: commandMs,
      forceKillAfterDelay: minute,
    });
    if (result.exitCode === 0) return [];
    const how = result.timedOut
      ? `was not done in ${commandMs / minute} minutes`
      : `ended with ${result.exitCode}`;
    return [`${how}: ${String(result.all).trim().split("\n").slice(-5).join(" / ")}`];
  });
}

async function timed(command: string, work: () => Promise<string[]>): Promise<Visit> {
  const started = performance.now();
  const problems = await work().catch((error: Error) => [error.message]);
  return { command, seconds: (performance.now() - started) / 1000, problems };
}

/** Containers and networks are the machine's: where a site of this name is, a newcomer's would be refused. */
async function siteProblems(): Promise<string[]> {
  const objects = await objectsOf(defaultSite);
  if (objects.length === 0) return [];
  const folders = [...new Set(objects.map(({ folder }) => folder))].join(", ");
  return [
    `the site ${defaultSite} is on this machine already (of the clone in ${folders}): npm run destroy there, then run this again`,
  ];
}

async function headProblems({ clone }: Place): Promise<string[]> {
  const heads = await Promise.all(
    [home, clone].map((cwd) => execa("git", ["rev-parse", "HEAD"], { cwd, timeout: minute })),
  );
  const [own, theirs] = heads.map(({ stdout }) => stdout);
  return own === theirs ? [] : [`the clone is of ${theirs}, not of ${own}`];
}

/** What the destroy left. The newcomer's folder goes where that is nothing; else it is what gives the rest back. */
async function leftProblems(place: Place): Promise<string[]> {
  const objects = (await objectsOf(defaultSite)).map(({ name }) => name);
  const files = [join(place.clone, ".evenkeel", defaultSite)].filter((path) => existsSync(path));
  const left = [...objects, ...files, ...(await leftProcesses(place.clone))];
  if (left.length > 0) return [`left: ${left.join(", ")}; the clone stays in ${place.clone}`];
  // Go keeps its modules read-only.
  await execa("chmod", ["-R", "u+w", place.root], { timeout: 5 * minute });
  rmSync(place.root, { recursive: true, force: true });
  return [];
}

function readmeText(): string {
  return readFileSync(join(home, "README.md"), "utf8");
}
