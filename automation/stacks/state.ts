import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inFolder, namesIn } from "../site/durable.ts";

/** The part of an exported stack that is looked at here. Everything else must survive an edit untouched. */
export interface Deployment {
  version: number;
  deployment: {
    resources?: StateResource[];
    pending_operations?: unknown[];
    [key: string]: unknown;
  };
}

interface StateResource {
  urn: string;
  type: string;
  protect?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

export function readDeployment(file: string): Deployment {
  return JSON.parse(readFileSync(file, "utf8")) as Deployment;
}

export function resourcesOf(state: Deployment): StateResource[] {
  return state.deployment.resources ?? [];
}

export function pendingOperations(state: Deployment): number {
  return state.deployment.pending_operations?.length ?? 0;
}

/**
 * The state without its pending operations: what a killed run had begun. All that this program makes is made by
 * idempotent commands, so the next `up` simply does it again; `refresh` could not tell more, as commands have no read.
 */
export function withoutPendingOperations(state: Deployment): Deployment {
  const { pending_operations: _, ...deployment } = state.deployment;
  return { ...state, deployment };
}

/** Machines of the lab that a state knows: container name and the resource that makes it. */
export function machinesInState(state: Deployment): { name: string; urn: string }[] {
  return resourcesOf(state).flatMap(({ urn, type, inputs }) => {
    if (type !== "command:local:Command" || typeof inputs?.create !== "string") return [];
    const name = / host create (\S+)$/.exec(inputs.create)?.[1];
    return name === undefined ? [] : [{ name, urn }];
  });
}

/** Copies of a stack's state that are kept beside the newest. */
const keptBackups = 5;

/** The copies of a stack's state, by their names: the newest is the last. */
function backupsOf(directory: string, stack: string): string[] {
  return namesIn(directory)
    .filter(
      (name) =>
        name.startsWith(`${stack}-`) && /^\d{4}-\d\d-\d\dT.*\.json$/.test(name.slice(stack.length + 1)),
    )
    .sort();
}

/** Path of the newest copy of a stack's state; null where there is none. */
export function newestBackup(directory: string, stack: string): string | null {
  const newest = backupsOf(directory, stack).at(-1);
  return newest === undefined ? null : join(directory, newest);
}

/** Name for a new copy of a stack's state; older ones beyond the last few are removed. Their order is their names'. */
export function nextBackup(directory: string, stack: string, now = new Date()): string {
  inFolder(directory, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  const own = backupsOf(directory, stack);
  for (const name of own.slice(0, Math.max(0, own.length - keptBackups + 1))) rmSync(join(directory, name));
  return join(directory, `${stack}-${now.toISOString().replaceAll(":", "-")}.json`);
}

export function writeDeployment(file: string, state: Deployment): void {
  inFolder(dirname(file), () => writeFileSync(file, JSON.stringify(state, null, 2), { mode: 0o600 }));
}
