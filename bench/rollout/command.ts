import { join } from "node:path";
import { execa } from "execa";

/** The clone's root and the site that the benchmark makes and takes away again. */
export const home = join(import.meta.dirname, "../..");
export const siteName = "bench";

export const minuteMs = 60_000;

export interface Run {
  seconds: number;
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

/** Runs a program that must succeed, bounded in time. Throws with the end of what it said. */
export async function run(argv: readonly string[], options: RunOptions): Promise<Run> {
  const [program = "", ...rest] = argv;
  const started = performance.now();
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
  if (result.exitCode === 0) return { seconds, stdout: String(result.stdout), stderr: String(result.stderr) };
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
