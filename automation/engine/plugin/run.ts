import type { Deadline } from "../../remote/deadline.ts";
import { type Collected, collectFiles } from "./collect.ts";
import type { StepContext } from "./context.ts";
import { sendableVariables } from "./environment.ts";
import { type CommandOutcome, lineWatch, runLocal } from "./local.ts";
import type { Inputs } from "./schema.ts";
import type { WireObject } from "./values.ts";

interface Run<I> extends StepContext {
  /** The command itself. */
  line: string;
  inputs: I;
  /** The state of the last run, without secret marks; its streams go into the environment. */
  last: WireObject;
  deadline: Deadline;
}

export interface Ran {
  outcome: CommandOutcome;
  /** What was collected after a command that succeeded. */
  files: Collected;
}

type LocalInputs = Inputs<"command:local:Command"> | Inputs<"command:local:run">;

const shell = ["/bin/sh", "-c"];

/** Runs a command here, then reads the files that were asked for. */
export async function runHere(run: Run<LocalInputs>): Promise<Ran> {
  const { inputs, line, log, deadline, signal } = run;
  const interpreter = (inputs.interpreter ?? []).length > 0 ? (inputs.interpreter ?? []) : shell;
  const [file = "", ...rest] = [...interpreter, line];
  // An empty dir is none, as published.
  const dir = inputs.dir || null;
  const outcome = await runLocal({
    argv: [file, ...rest],
    dir,
    environment: { ...inputs.environment, ...lastStreams(run) },
    stdin: inputs.stdin,
    deadline,
    signal,
    ...lineWatch(inputs.logging, (text) => log.line(text)),
  });
  const files = outcome.exitCode === 0 ? await collectFiles(dir ?? process.cwd(), inputs) : {};
  return { outcome, files };
}

/**
 * Runs a command on a host. Variables need the host's AcceptEnv: one of `environment` that it refuses fails the step,
 * one with the last run's output is left out with a warning, as published.
 */
export async function runOnHost(
  run: Run<Inputs<"command:remote:Command">> & { secret: boolean },
): Promise<Ran> {
  const { inputs, line, secret, log, deadline } = run;
  const reached = await run.hosts.reach(inputs.connection, log.warning);
  const { session, alias } = reached;
  const environment = await sendableVariables({
    ...reached,
    required: inputs.environment ?? {},
    optional: lastStreams(run),
    deadline,
    warn: log.warning,
  });
  const { onStdout, onStderr } = lineWatch(inputs.logging, (text) => log.line(text));
  const outcome = await session.runLine(
    alias,
    { line, secret, environment, ...(inputs.stdin === undefined ? {} : { stdin: inputs.stdin }) },
    {
      timeoutMs: deadline.leftMs(),
      ...(onStdout === undefined ? {} : { onStdout }),
      ...(onStderr === undefined ? {} : { onStderr }),
    },
  );
  return { outcome, files: {} };
}

/** The last run's output for the next one's environment, unless that was switched off or there was none. */
function lastStreams({ inputs, last }: Run<{ addPreviousOutputInEnv: boolean }>): Record<string, string> {
  if (!inputs.addPreviousOutputInEnv) return {};
  const variables = { PULUMI_COMMAND_STDOUT: last.stdout, PULUMI_COMMAND_STDERR: last.stderr };
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, text]) =>
      typeof text === "string" && text !== "" ? [[name, text]] : [],
    ),
  );
}
