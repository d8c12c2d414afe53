import { join } from "node:path";
import { execa } from "execa";

export const home = join(import.meta.dirname, "../../..");
/** The site that the lab tests build; a soak runs some of them on another one. */
export const siteName = process.env.EVENKEEL_TEST_SITE ?? "proof";

export interface CliResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs the command line as a user would, bounded in time; never throws for an exit code. */
export async function cli(
  args: readonly string[],
  options: { timeoutMs?: number; stdin?: string; env?: Record<string, string> } = {},
): Promise<CliResult> {
  const result = await execa("node", [join(home, "bin/evenkeel.mjs"), "--site", siteName, ...args], {
    reject: false,
    timeout: options.timeoutMs ?? 120_000,
    killSignal: "SIGKILL",
    stdin: options.stdin === undefined ? "ignore" : "pipe",
    ...(options.stdin === undefined ? {} : { input: options.stdin }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  return { exitCode: result.exitCode ?? -1, stdout: String(result.stdout), stderr: String(result.stderr) };
}

/** Polls until `probe` gives a value that is not null; throws with `what` when the time is over. */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | null>,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await probe();
      if (value !== null) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((wake) => setTimeout(wake, 250));
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: last });
}
