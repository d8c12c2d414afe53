import { readFile, rm } from "node:fs/promises";
import { execa } from "execa";
import { type Deadline, pauseMs } from "./deadline.ts";
import type { Connection } from "./ssh-connection.ts";
import { connectionLost, deadlineError, neverBegan, sshMissing } from "./ssh-errors.ts";

export interface RemoteResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** For all of it: waiting for a turn, dialing, tries, the command itself. */
  timeoutMs: number;
  onStdout?: (line: string) => void;
  onStderr?: (line: string) => void;
}

/** What a command may print in all; beyond that it is ended rather than kept in memory. */
const maxOutputBytes = 64 * 1024 * 1024;

/** One command on its way over a connection: ssh or sftp with its arguments before and after the connection's own. */
export interface Attempt {
  connection: Connection;
  program: {
    file: string;
    before: readonly string[];
    after: readonly string[];
    /** Added to the process's own environment. */
    variables?: Readonly<Record<string, string>>;
  };
  stdin: string | undefined;
  /** Where ssh writes its own messages, apart from the command's; null: they are in the command's stderr. */
  log: string | null;
  /** What to call it in an error: no secret. */
  doing: string;
  options: RunOptions;
  deadline: Deadline;
}

/** Runs over the connection; dials again and repeats only what provably never began. */
export async function attempt(run: Attempt): Promise<RemoteResult> {
  const { connection, deadline } = run;
  for (let tries = 1; ; tries += 1) {
    await connection.ensure(deadline);
    const dialed = connection.dialedPid();
    const result = await runOnce(run);
    const messages = run.log === null ? result.stderr : await takeLog(run.log);
    if (result.exitCode !== 255) return result;
    if (neverBegan(messages) && tries < 5) {
      // Either the master is gone, or the host has as many sessions open as it allows.
      if ((await connection.masterPid()) === null) connection.forget();
      else await pauseMs(200 * tries);
    } else if (neverBegan(messages) || dialed === null || (await connection.masterPid()) !== dialed) {
      connection.forget();
      throw connectionLost(connection.host, run.doing);
    } else {
      // The connection stands, so 255 is the command's own exit code.
      return result;
    }
  }
}

async function runOnce(run: Attempt): Promise<RemoteResult> {
  const { file, before, after, variables = {} } = run.program;
  const { onStdout, onStderr } = run.options;
  const result = await execa(file, [...before, ...run.connection.clientOptions, ...after], {
    reject: false,
    ...(run.stdin === undefined ? { stdin: "ignore" as const } : { input: run.stdin }),
    stdout: onStdout === undefined ? "pipe" : lineWatcher(onStdout),
    stderr: onStderr === undefined ? "pipe" : lineWatcher(onStderr),
    env: variables,
    stripFinalNewline: false,
    maxBuffer: maxOutputBytes,
    timeout: Math.max(1, run.deadline.leftMs()),
    // A client of a master waits for the host before it heeds SIGTERM, and the host may be what is late.
    killSignal: "SIGKILL",
  });
  // execa's own error texts hold the arguments, so none of them is passed on.
  if (result.code === "ENOENT") throw sshMissing(undefined);
  if (result.timedOut) throw deadlineError(run.connection.host, run.options.timeoutMs, run.doing);
  if (result.isMaxBuffer) throw new Error(`more than ${maxOutputBytes} bytes of output from: ${run.doing}`);
  if (result.exitCode === undefined) throw connectionLost(run.connection.host, run.doing);
  return { exitCode: result.exitCode, stdout: result.stdout as string, stderr: result.stderr as string };
}

function lineWatcher(watch: (line: string) => void) {
  return function* (line: unknown) {
    watch(String(line));
    yield String(line);
  };
}

async function takeLog(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  await rm(file, { force: true });
  return text;
}

/** The first line of a command, cut: what an error calls it by. */
export function shortened(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > 120 || line !== text ? `${line.slice(0, 120)}…` : line;
}

/** A path in sftp's batch language: double quotes, and no wildcard of a local path means anything. */
export function sftpPath(file: string, local: boolean): string {
  if (/[\n\r]/.test(file))
    throw new Error(`sftp cannot name a path with a line break: ${JSON.stringify(file)}`);
  const literal = local ? file.replaceAll(/[\\*?[\]]/g, "\\$&") : file;
  return `"${literal.replaceAll(/["\\]/g, "\\$&")}"`;
}
