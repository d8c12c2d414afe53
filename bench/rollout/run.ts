import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { exitCodes, explain, UserError } from "../../automation/errors.ts";
import { createInterrupts, interrupts, useInterrupts } from "../../automation/interrupt.ts";
import { table } from "../../automation/output.ts";
import { setUpEngine } from "../../automation/rollout/engine.ts";
import { closeConnections, ensureAnsible, playbook, writeProject } from "./ansible.ts";
import { home, minuteMs, run, siteName, type Taken } from "./command.ts";
import { type BenchSite, benchSite } from "./hosts.ts";
import { checkSite, deleteLab, labObjects } from "./lab.ts";
import { notesOf, pythonNote, sizeOf } from "./notes.ts";
import { destroySite, exportRecipe, initSite, provision, provisionAgain, removeSite } from "./ours.ts";
import type { Step } from "./recipe.ts";
import { figures, type Machine, type Measured, machineText, page } from "./table.ts";

/**
 * `npm run bench:rollout [-- --cold N --again N --yes]`: our rollout and Ansible's of the same site on the same machine,
 * one after the other. Makes the site "bench" and takes it away again; writes docs/bench-rollout.md. Exit 0 done,
 * 1 error, 2 usage, 130 interrupted.
 */
interface Options {
  /** Rollouts from nothing, and runs with nothing to do, each way. */
  cold: number;
  again: number;
  yes: boolean;
}

const gib = 2 ** 30;

function say(line: string) {
  process.stderr.write(`${line}\n`);
}

function optionsOf(argv: readonly string[]): Options {
  const usage = (what: string) =>
    new UserError({
      what,
      next: "npm run bench:rollout -- --cold 3 --again 5 --yes",
      exitCode: exitCodes.usage,
    });
  const count = (name: string, text: string) => {
    if (/^[1-9]\d?$/.test(text)) return Number(text);
    throw usage(`--${name} takes a whole number from 1 to 99`);
  };
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        cold: { type: "string", default: "3" },
        again: { type: "string", default: "5" },
        yes: { type: "boolean", default: false },
      },
    });
    return { cold: count("cold", values.cold), again: count("again", values.again), yes: values.yes };
  } catch (error) {
    throw error instanceof UserError ? error : usage((error as Error).message);
  }
}

interface Runs {
  cold: Taken[];
  again: Taken[];
}

/** Ours has a third: nothing to do, but Pulumi compares every resource. */
type OurRuns = Runs & { full: Taken[] };

function lastText(runs: readonly Taken[]): string {
  return `${runs.at(-1)?.seconds.toFixed(1)} s`;
}

/** What is left to be taken away, filled in as it is made. */
interface Made {
  folder: string;
  steps: Step[];
  site: BenchSite | null;
}

/** Ours: rollouts from nothing, then the runs with nothing to do, then the recipe, then all of it away. */
async function measureOurs({ cold, again }: Options, made: Made, signal: AbortSignal): Promise<OurRuns> {
  const runs: OurRuns = { cold: [], again: [], full: [] };
  for (let i = 1; i <= cold; i += 1) {
    if (i > 1) await destroySite(signal);
    runs.cold.push(await provision(signal));
    say(`evenkeel, from nothing, ${i} of ${cold}: ${lastText(runs.cold)}`);
  }
  for (let i = 1; i <= again; i += 1) {
    runs.again.push(await provisionAgain(signal, { full: false }));
    runs.full.push(await provisionAgain(signal, { full: true }));
    const taken = [runs.again, runs.full].map(lastText);
    say(`evenkeel, nothing to do, ${i} of ${again}: ${taken.join(", with --full ")}`);
  }
  made.steps = await exportRecipe(signal);
  made.site = benchSite(made.steps);
  writeProject(made.steps, made.site, made.folder);
  await destroySite(signal);
  return runs;
}

/** Ansible's: the same. The site is looked at after each rollout, and a run with nothing to do must change nothing. */
async function measureAnsible(
  { cold, again }: Options,
  { folder, steps, site }: Made & { site: BenchSite },
  signal: AbortSignal,
): Promise<Runs> {
  const runs: Runs = { cold: [], again: [] };
  for (let i = 1; i <= cold; i += 1) {
    runs.cold.push((await playbook(folder, signal)).taken);
    say(`ansible, from nothing, ${i} of ${cold}: ${lastText(runs.cold)}`);
    await checkSite(site, folder);
    if (i === cold) break;
    await closeConnections(site, folder);
    await deleteLab(steps);
  }
  for (let i = 1; i <= again; i += 1) {
    const { taken, recap } = await playbook(folder, signal);
    if (recap.changed > 0) throw new Error(`a run with nothing to do changed ${recap.changed} things`);
    runs.again.push(taken);
    say(`ansible, nothing to do, ${i} of ${again}: ${lastText(runs.again)}`);
  }
  await checkSite(site, folder);
  return runs;
}

/**
 * Everything goes, also after an error: connections, hosts, networks, the site's files, the folder with its secrets.
 * Each is tried whatever became of the others; returns what went wrong, empty when nothing is left.
 */
async function takeAway({ folder, steps, site }: Made): Promise<string[]> {
  const problems: string[] = [];
  const acts = [
    async () => site !== null && (await closeConnections(site, folder)),
    () => deleteLab(steps),
    removeSite,
    async () => rmSync(folder, { recursive: true, force: true }),
    async () => {
      const left = await labObjects();
      if (left.length > 0) throw new Error(`left over of the site ${siteName}: ${left.join(", ")}`);
    },
  ];
  for (const act of acts) await act().catch((error: Error) => problems.push(error.message));
  return problems;
}

async function measure(
  options: Options,
  signal: AbortSignal,
): Promise<{ measured: Measured[]; site: BenchSite }> {
  await initSite(signal);
  const made: Made = { folder: mkdtempSync(join(tmpdir(), "evenkeel-bench-")), steps: [], site: null };
  try {
    const ours = await measureOurs(options, made, signal);
    const { site } = made;
    if (site === null) throw new Error("there is no recipe");
    const ansible = await measureAnsible(options, { ...made, site }, signal);
    const again: Measured = {
      what: "nothing to do",
      aimRatio: 10,
      evenkeel: ours.again,
      ansible: ansible.again,
    };
    const measured: Measured[] = [
      { what: "rollout from nothing", aimRatio: 3, evenkeel: ours.cold, ansible: ansible.cold },
      again,
      { ...again, what: "nothing to do, with --full", evenkeel: ours.full, ansibleOf: again.what },
    ];
    return { measured, site };
  } finally {
    for (const problem of await takeAway(made)) {
      say(problem);
      process.exitCode = exitCodes.error;
    }
  }
}

/** At a second interrupt: nothing is taken away any more, so what may be left is told. */
function endAtOnce(): void {
  say(
    `Left as it is: the site ${siteName} (npx evenkeel destroy --site ${siteName}) and ${tmpdir()}/evenkeel-bench-*`,
  );
  process.exit(exitCodes.interrupted);
}

async function main(argv: readonly string[]): Promise<void> {
  const options = optionsOf(argv);
  const stop = new AbortController();
  const own = createInterrupts({ say, end: endAtOnce });
  useInterrupts(own);
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, own.receive);
  process.on("SIGHUP", own.hangUp);
  own.signal.addEventListener("abort", () => stop.abort(), { once: true });
  const { ansibleVersion, measured, site } = await own.guard(async () => {
    const ansibleVersion = await ensureAnsible(options, stop.signal);
    await setUpEngine({ yes: options.yes });
    return { ansibleVersion, ...(await measure(options, stop.signal)) };
  });
  own.check();
  const machine: Machine = { cores: availableParallelism(), memoryGib: totalmem() / gib };
  const { stdout: commit } = await run(["git", "rev-parse", "HEAD"], { timeoutMs: minuteMs });
  const facts = { commit, machine, ansibleVersion, measured, size: sizeOf(site), notes: notesOf(options) };
  writeFileSync(join(home, "docs/bench-rollout.md"), page(facts));
  const [header = [], ...rows] = figures(measured);
  const told = `${machineText(machine)}; written to docs/bench-rollout.md\n${pythonNote}\n`;
  process.stdout.write(`${table(header, rows)}${told}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isBug = !(error instanceof UserError);
  // Whatever it was that the interrupt cut short.
  const isStopped = interrupts().signal.aborted;
  say(isBug ? (error as Error).message : explain(error).join("\n"));
  process.exitCode = isStopped ? exitCodes.interrupted : isBug ? exitCodes.error : error.exitCode;
}
