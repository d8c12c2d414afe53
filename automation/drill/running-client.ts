import { createWriteStream, type WriteStream } from "node:fs";
import { execa, type ResultPromise } from "execa";
import { type Attempt, parseAttempt } from "./attempt.ts";
import type { ClientSettings } from "./client-settings.ts";

export interface StartClient {
  /** The program and its arguments: in the lab `docker exec -i MACHINE …`. */
  argv: readonly [string, ...string[]];
  settings: ClientSettings;
  /** Where its ledger is kept as it comes: it outlives this process. Null: nowhere. */
  ledgerFile: string | null;
}

/** A client that is at work. */
export interface RunningClient {
  /** What it told so far. */
  readonly attempts: readonly Attempt[];
  /** Why it is no longer at work though nobody stopped it; null while it is. */
  lost(): string | null;
  /** Lets it end what is under way; all that it told. Never throws: what is known is known. */
  stop(): Promise<readonly Attempt[]>;
}

/** Behind the word `stop` it may take one deadline of a request to end; then it is ended. */
const stopMs = 10_000;

/** Starts it. Its settings, with the site's key, go to its standard input and nowhere else. */
export function startClient({ argv, settings, ledgerFile }: StartClient): RunningClient {
  const [program, ...args] = argv;
  const timeout = settings.limitSeconds * 1000 + settings.answerMs + stopMs;
  const child = execa(program, args, { stdin: "pipe", buffer: { stdout: false }, reject: false, timeout });
  const attempts: Attempt[] = [];
  const file = ledgerFile === null ? null : createWriteStream(ledgerFile, { flags: "a", mode: 0o600 });
  const told = readLines(child, attempts, file);
  let ended: string | null = null;
  let isStopped = false;
  file?.on("error", ({ message }) => {
    ended ??= `its ledger can't be kept: ${message}`;
  });
  const done = child.then(async ({ exitCode, stderr }) => {
    ended ??= `exit ${exitCode ?? "by a signal"}${stderr ? `: ${String(stderr).trim().slice(0, 300)}` : ""}`;
    await told;
    await closed(file);
  });
  // It may end before it has read all: then `lost` says so.
  child.stdin?.on("error", () => {});
  child.stdin?.write(`${JSON.stringify(settings)}\n`);
  return {
    attempts,
    lost: () => (isStopped ? null : ended),
    async stop() {
      isStopped = true;
      child.stdin?.end("stop\n");
      const kill = setTimeout(() => child.kill("SIGKILL"), settings.answerMs + stopMs);
      await done;
      clearTimeout(kill);
      return attempts;
    },
  };
}

function closed(file: WriteStream | null): Promise<void> {
  if (file === null || file.errored !== null) return Promise.resolve();
  return new Promise((resolve) => file.end(() => resolve()));
}

async function readLines(
  child: ResultPromise<{ stdin: "pipe"; buffer: { stdout: false }; reject: false; timeout: number }>,
  attempts: Attempt[],
  file: WriteStream | null,
): Promise<void> {
  for await (const line of child) {
    const attempt = parseAttempt(String(line));
    if (attempt === null) continue;
    attempts.push(attempt);
    file?.write(`${line}\n`);
  }
}
