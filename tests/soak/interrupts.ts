import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { cli, home, siteName } from "../lab/support/cli.ts";
import { labObjects, leftProcesses } from "../lab/support/lab.ts";
import { type Blow, type Moment, schedule } from "./schedule.ts";

const minute = 60_000;
const words = {
  provision: ["provision", "--yes"],
  destroy: ["destroy", "--yes", "--confirm", siteName],
};

export interface Round {
  moment: Moment;
  /** How the interrupted run ended: its exit code, null where a signal ended it. */
  endedWith: number | null;
  /** Seconds from the blow to the end of the interrupted run, and of the run that carried on. */
  stopSeconds: number;
  carryOnSeconds: number;
  problems: string[];
}

/** Runs a verb to its end; throws with what it printed when it doesn't succeed. Returns its lines and seconds. */
async function whole(verb: Moment["verb"]): Promise<{ lines: number; seconds: number }> {
  const started = performance.now();
  const { exitCode, stderr } = await cli(words[verb], { timeoutMs: 15 * minute });
  if (exitCode !== 0) throw new Error(`${verb} ended with ${exitCode}\n${stderr}`);
  return { lines: stderr.split("\n").length - 1, seconds: (performance.now() - started) / 1000 };
}

/** Whose process holds the site's lock: the command line itself, not the launcher that was started. */
function holder(): number {
  const file = join(home, ".evenkeel", siteName, "lock.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { pid: number }).pid;
}

const signals: Record<Blow, NodeJS.Signals> = {
  kill: "SIGKILL",
  interrupt: "SIGINT",
  "interrupt-twice": "SIGINT",
  "hang-up": "SIGHUP",
};

/** Runs a verb and strikes after its line. A run that ends before that was not interrupted: that is said. */
async function struck({
  verb,
  blow,
  afterLine,
}: Moment): Promise<{ endedWith: number | null; stopSeconds: number; struck: boolean }> {
  const argv = [join(home, "bin/evenkeel.mjs"), ...words[verb], "--site", siteName];
  const run = execa("node", argv, { reject: false, all: true, stdin: "ignore", timeout: 15 * minute });
  let lines = 0;
  let at: number | null = null;
  run.all.on("data", (chunk: Buffer) => {
    lines += chunk.toString().split("\n").length - 1;
    if (lines < afterLine || at !== null) return;
    let pid: number;
    try {
      pid = holder();
    } catch {
      return;
    }
    at = performance.now();
    process.kill(pid, signals[blow]);
    if (blow === "interrupt-twice") setTimeout(() => tryKill(pid, "SIGINT"), 1_000);
  });
  const { exitCode } = await run;
  const stopSeconds = at === null ? 0 : (performance.now() - at) / 1000;
  return { endedWith: exitCode ?? null, stopSeconds, struck: at !== null };
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}

/** What is wrong with the site after a run that had to bring it to `wanted`. */
async function problemsAfter(wanted: "built" | "gone"): Promise<string[]> {
  const problems: string[] = [];
  const left = await leftProcesses();
  if (left.length > 0) problems.push(`processes left over: ${left.join("; ")}`);
  if (wanted === "gone") {
    const objects = Object.values(await labObjects()).flat();
    if (objects.length > 0) problems.push(`left over: ${objects.join(", ")}`);
    return problems;
  }
  const { exitCode, stdout } = await cli(["status", "--format", "json"]);
  if (exitCode !== 0) problems.push(`status ended with ${exitCode}`);
  const { active, epoch } = JSON.parse(stdout || "{}") as { active?: string; epoch?: number };
  if (active !== "primary" || epoch !== 1) problems.push(`active ${active}, epoch ${epoch}`);
  return problems;
}

async function round(moment: Moment): Promise<Round> {
  const blow = await struck(moment);
  const problems = blow.struck ? [] : ["the run ended before its moment came"];
  let carryOnSeconds = 0;
  try {
    carryOnSeconds = (await whole(moment.verb)).seconds;
    problems.push(...(await problemsAfter(moment.verb === "provision" ? "built" : "gone")));
  } catch (error) {
    problems.push((error as Error).message);
  }
  return { moment, endedWith: blow.endedWith, stopSeconds: blow.stopSeconds, carryOnSeconds, problems };
}

/** Each moment from the state that its verb begins with: nothing for a provision, a whole site for a destroy. */
export async function* interrupts(
  seed: number,
  kills: { provision: number; destroy: number },
  say: (line: string) => void,
): AsyncGenerator<Round> {
  await whole("destroy");
  const provision = await whole("provision");
  const destroy = await whole("destroy");
  say(`undisturbed: provision ${provision.lines} lines, ${provision.seconds.toFixed(1)} s;`);
  say(`             destroy ${destroy.lines} lines, ${destroy.seconds.toFixed(1)} s`);
  let count = 0;
  let built = false;
  for (const moment of schedule(seed, { provision: provision.lines, destroy: destroy.lines }, kills)) {
    if (moment.verb === "provision" && built) await whole("destroy");
    if (moment.verb === "destroy" && !built) await whole("provision");
    const done = await round(moment);
    built = moment.verb === "provision";
    count += 1;
    const outcome = done.problems.length === 0 ? "converged" : `FAILED: ${done.problems.join("; ")}`;
    say(`${count}. ${moment.verb} ${moment.blow} after line ${moment.afterLine}: ${outcome}`);
    yield done;
  }
  await whole("destroy");
}
