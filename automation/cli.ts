import { exitCodes, explain, UserError } from "./errors.ts";
import { createInterrupts, useInterrupts } from "./interrupt.ts";
import { commands, parserOf, refuseKeptFlags } from "./parser.ts";
import { quote } from "./remote/shell.ts";
import { say } from "./terminal.ts";

// Everything that this program writes is this user's alone: states, keys, journals. Its children inherit it.
process.umask(0o077);

const argv = process.argv.slice(2);
const again = quote(["npx", "evenkeel", ...argv]);

const interrupts = createInterrupts({ say, end: () => exit(exitCodes.interrupted) });
useInterrupts(interrupts);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupts.receive);
process.on("SIGHUP", interrupts.hangUp);
// A terminal that was closed, or a reader that has seen enough, is no reason to leave a step half done.
for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreGone);

function ignoreGone(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
}

/** The only place that ends the process. */
function exit(code: number): never {
  if (code === exitCodes.interrupted) say(`Stopped. To go on, run again: ${again}`);
  process.exit(code);
}

async function main(): Promise<number> {
  refuseKeptFlags(argv);
  await parserOf(argv, commands, await version()).parseAsync();
  return Number(process.exitCode ?? exitCodes.ok);
}

async function version(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Says what went wrong and gives the exit code. */
function report(error: unknown): number {
  if (interrupts.signal.aborted) return exitCodes.interrupted;
  for (const line of explain(error)) say(line);
  return error instanceof UserError ? error.exitCode : exitCodes.error;
}

main().then(exit, (error: unknown) => exit(report(error)));
