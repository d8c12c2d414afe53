import { interrupts } from "../../automation/interrupt.ts";
import { quote } from "../../automation/remote/shell.ts";
import { cli, siteName } from "../lab/support/cli.ts";
import { labObjects, leftProcesses } from "../lab/support/lab.ts";
import { endingText, problemsOfEnding } from "./judge.ts";
import { type Moment, schedule, whenText } from "./schedule.ts";
import { hungUp, type Struck, signalled } from "./strike.ts";

const minute = 60_000;
const words = {
  provision: ["provision", "--yes"],
  destroy: ["destroy", "--yes", "--confirm", siteName],
};

export interface Round {
  moment: Moment;
  /** How the interrupted run ended: "130", "SIGKILL". */
  ended: string;
  /** Seconds from the blow to the end of the interrupted run, and of the run that carried on. */
  stopSeconds: number;
  carryOnSeconds: number;
  problems: string[];
}

/** A run from start to end that nobody disturbed. */
interface Whole {
  /** Lines of progress after which it can be struck: the last two come as it lets its lock go. */
  lines: number;
  seconds: number;
}

/** Runs a verb to its end; throws with what it printed when it doesn't succeed. */
async function whole(verb: Moment["verb"]): Promise<Whole> {
  const started = performance.now();
  const { exitCode, stderr } = await cli(words[verb], { timeoutMs: 15 * minute });
  if (exitCode !== 0) throw new Error(`${verb} ended with ${exitCode}\n${stderr}`);
  return { lines: stderr.split("\n").length - 2, seconds: (performance.now() - started) / 1000 };
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

function strike({ verb, blow, when }: Moment, undisturbed: Whole): Promise<Struck> {
  if (blow !== "hang-up" && "line" in when) return signalled(words[verb], blow, when.line);
  if (blow === "hang-up" && "fraction" in when)
    return hungUp(words[verb], when.fraction * undisturbed.seconds);
  throw new Error(`a ${blow} does not come at ${whenText(when)}`);
}

function endProblems({ verb, blow }: Moment, struck: Struck): string[] {
  if (!struck.struck) {
    const said = struck.output.trim().split("\n").at(-1);
    return [`the run ended (${endingText(struck)}) before its moment came: ${said}`];
  }
  return problemsOfEnding(blow, struck, quote(["npx", "evenkeel", ...words[verb], "--site", siteName]));
}

async function round(moment: Moment, undisturbed: Whole): Promise<Round> {
  const struck = await strike(moment, undisturbed);
  const problems = endProblems(moment, struck);
  let carryOnSeconds = 0;
  try {
    carryOnSeconds = (await whole(moment.verb)).seconds;
    problems.push(...(await problemsAfter(moment.verb === "provision" ? "built" : "gone")));
  } catch (error) {
    problems.push((error as Error).message);
  }
  return { moment, ended: endingText(struck), stopSeconds: struck.stopSeconds, carryOnSeconds, problems };
}

/** How many of its lines count: another run may have fewer, as where nothing had to be waited for. */
function struck({ lines }: Whole): number {
  return Math.floor(lines * 0.9);
}

interface Options {
  seed: number;
  kills: { provision: number; destroy: number };
  say: (line: string) => void;
  found: (round: Round) => void;
}

/** Each moment from the state that its verb begins with: nothing for a provision, a whole site for a destroy. */
export async function interruptRuns({ seed, kills, say, found }: Options): Promise<void> {
  await whole("destroy");
  const provision = await whole("provision");
  const destroy = await whole("destroy");
  say(`undisturbed: provision ${provision.lines} lines, ${provision.seconds.toFixed(1)} s;`);
  say(`             destroy ${destroy.lines} lines, ${destroy.seconds.toFixed(1)} s`);
  const undisturbed = { provision, destroy };
  let count = 0;
  let built = false;
  for (const moment of schedule(seed, { provision: struck(provision), destroy: struck(destroy) }, kills)) {
    if (moment.verb === "provision" && built) await whole("destroy");
    if (moment.verb === "destroy" && !built) await whole("provision");
    const done = await round(moment, undisturbed[moment.verb]);
    // Ctrl-C at the terminal ends the round's own runs as well: they say nothing of the site then.
    interrupts().check();
    built = moment.verb === "provision";
    count += 1;
    const outcome = done.problems.length === 0 ? "converged" : `FAILED: ${done.problems.join("; ")}`;
    say(`${count}. ${moment.verb}, ${moment.blow} at ${whenText(moment.when)}: ${outcome}`);
    found(done);
  }
  await whole("destroy");
}
