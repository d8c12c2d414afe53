import yargs, { type FallbackCompletionFunction } from "yargs";
import { checkCommand } from "./commands/check.ts";
import { completionCommand } from "./commands/completion.ts";
import { credentialsCommand } from "./commands/credentials.ts";
import { destroyCommand } from "./commands/destroy.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { envCommand } from "./commands/env.ts";
import { logsCommand } from "./commands/logs.ts";
import { outputsCommand } from "./commands/outputs.ts";
import { provisionCommand } from "./commands/provision.ts";
import { pulumiCommand } from "./commands/pulumi.ts";
import { resumeCommand } from "./commands/resume.ts";
import { sshCommand } from "./commands/ssh.ts";
import { statusCommand } from "./commands/status.ts";
import { topologyCommand } from "./commands/topology.ts";
import { unlockCommand } from "./commands/unlock.ts";
import { namesFor } from "./completion.ts";
import { exitCodes, explain, UserError } from "./errors.ts";
import { createInterrupts, useInterrupts } from "./interrupt.ts";
import { separatePassThrough } from "./passthrough.ts";
import { quote } from "./remote/shell.ts";
import { say } from "./terminal.ts";

// Everything that this program writes is this user's alone: states, keys, journals. Its children inherit it.
process.umask(0o077);

const argv = process.argv.slice(2);
const again = quote(["npx", "evenkeel", ...argv]);

const interrupts = createInterrupts({ say, end: () => exit(exitCodes.interrupted) });
useInterrupts(interrupts);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupts.receive);

/** The only place that ends the process. */
function exit(code: number): never {
  if (code === exitCodes.interrupted) say(`Stopped. To go on, run again: ${again}`);
  process.exit(code);
}

async function main(): Promise<number> {
  await yargs(separatePassThrough(argv))
    .scriptName("evenkeel")
    .usage("$0 <command>\n\nKeeps a WordPress site alive over two regions.")
    .parserConfiguration({ "populate--": true, "parse-positional-numbers": false })
    .command(checkCommand)
    .command(doctorCommand)
    .command(provisionCommand)
    .command(statusCommand)
    .command(topologyCommand)
    .command(outputsCommand)
    .command(resumeCommand)
    .command(credentialsCommand)
    .command(sshCommand)
    .command(logsCommand)
    .command(envCommand)
    .command(pulumiCommand)
    .command(unlockCommand)
    .command(destroyCommand)
    .demandCommand(1, "Which command?")
    .recommendCommands()
    .strict()
    .version(await version())
    .command(completionCommand)
    // Its own script knows only words of the command line; ours adds this clone's sites, regions and hosts.
    .completion("yargs-completion", false, completeNames)
    // Without the throw a command would run although its arguments were refused.
    .fail((message, error) => {
      throw error ?? usage(message);
    })
    .exitProcess(false)
    .wrap(Math.min(110, process.stderr.columns ?? 110))
    .parseAsync();
  return Number(process.exitCode ?? exitCodes.ok);
}

const completeNames: FallbackCompletionFunction = (_current, _argv, complete, done) => {
  const names = namesFor(argv.slice(argv.indexOf("--get-yargs-completions") + 1));
  if (names !== null) done(names);
  else complete((_error, words) => done(words ?? []));
};

const npmHint =
  "npm keeps flags to itself unless two dashes stand before them: npm run provision -- --region primary";

function usage(message: string): UserError {
  const what = message
    .split(/\s*\n\s*/)
    .filter(Boolean)
    .join(" ");
  // npm eats flags that stand before its own "--" and hands on their values as stray words.
  const why = process.env.npm_lifecycle_event === undefined ? undefined : npmHint;
  const next = `npx evenkeel ${argv[0] !== undefined && /^[a-z]+$/.test(argv[0]) ? `${argv[0]} ` : ""}--help`;
  return new UserError({ what, why, next, exitCode: exitCodes.usage });
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
