import { cpus } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

/** The clone's root and the site that the benchmark makes and takes away again. */
export const home = join(import.meta.dirname, "../..");
export const siteName = "bench";

export const minuteMs = 60_000;

/** What one run took of the machine. */
export interface Taken {
  seconds: number;
  /** Sum of the seconds in which one of the cores worked: on anything, since the lab's hosts are on them too. */
  coreSeconds: number;
}

export interface Run extends Taken {
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  timeoutMs: number;
  env?: Record<string, string | undefined>;
  stdin?: string;
  signal?: AbortSignal;
  /** Standard output holds secrets: an error tells what was said on standard error only. */
  isSecret?: boolean;
}

/** Seconds in which the machine's cores worked since it started, all of them together. */
function coreSecondsNow(): number {
  const milliseconds = cpus().flatMap(({ times: { idle: _, ...worked } }) => Object.values(worked));
  return milliseconds.reduce((sum, one) => sum + one, 0) / 1000;
}

/** Runs a program that must succeed, bounded in time. Throws with the end of what it said. */
export async function run(argv: readonly string[], options: RunOptions): Promise<Run> {
  const [program = "", ...rest] = argv;
  const started = performance.now();
  const coreSecondsBefore = coreSecondsNow();
  const result = await execa(program, rest, {
    reject: false,
    all: true,
    cwd: home,
    timeout: options.timeoutMs,
    // Whoever is told to end gets time for its own children.
    forceKillAfterDelay: 30_000,
    maxBuffer: 200_000_000,
    ...(options.stdin === undefined ? { stdin: "ignore" as const } : { input: options.stdin }),
    ...(options.env === undefined ? {} : { env: options.env, extendEnv: false }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  const seconds = (performance.now() - started) / 1000;
  if (result.isCanceled) throw new Error("stopped on request");
  const coreSeconds = coreSecondsNow() - coreSecondsBefore;
  const { stdout, stderr } = result;
  if (result.exitCode === 0) return { seconds, coreSeconds, stdout: String(stdout), stderr: String(stderr) };
  const how = result.timedOut
    ? `was not done within ${options.timeoutMs / 1000} s`
    : `ended with ${result.exitCode}`;
  const told = options.isSecret === true ? result.stderr : (result.all ?? result.message);
  const said = String(told).trimEnd().split("\n").slice(-25).join("\n");
  throw new Error(`${argv.slice(0, 4).join(" ")} ${how}\n${said}`);
}

/** Our command line on the benchmark's site. */
export function evenkeel(words: readonly string[], options: RunOptions): Promise<Run> {
  return run(["node", join(home, "bin/evenkeel.mjs"), "--site", siteName, ...words], options);
}
