import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
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

function readDeployment(file: string): Deployment {
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

/** Path of the newest copy of a stack's state that is whole; null where there is none. */
export function newestBackup(directory: string, stack: string): string | null {
  const files = backupsOf(directory, stack).map((name) => join(directory, name));
  return files.findLast(isWhole) ?? null;
}

function isWhole(file: string): boolean {
  try {
    readDeployment(file);
    return true;
  } catch {
    return false;
  }
}

/**
 * Has `write` make a new copy of a stack's state and returns it. It counts only when it is whole; until then the older
 * ones stay, and afterwards those beyond the last few are removed. Their order is their names'. A copy that was cut off,
 * as a full disk does it, is a UserError.
 */
export async function addBackup(
  directory: string,
  stack: string,
  write: (draft: string) => Promise<unknown>,
  now = new Date(),
): Promise<Deployment> {
  inFolder(directory, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  const file = join(directory, `${stack}-${now.toISOString().replaceAll(":", "-")}.json`);
  // No name of a copy, and each time the same: what a killed run left is written over.
  const draft = join(directory, `${stack}.new`);
  try {
    await write(draft);
    const state = wholeCopy(stack, draft);
    inFolder(directory, () => renameSync(draft, file));
    inFolder(directory, () => removeOldBackups(directory, stack));
    return state;
  } finally {
    rmSync(draft, { force: true });
  }
}

function wholeCopy(stack: string, draft: string): Deployment {
  try {
    return readDeployment(draft);
  } catch (cause) {
    throw new UserError({
      what: `the copy of the state of the stack ${stack} in ${dirname(draft)} is cut off; nothing was changed`,
      why: (cause as Error).message,
      next: "look whether the disk is full (df) and make room; then run the command again",
      code: "backup-failed",
      cause,
    });
  }
}

function removeOldBackups(directory: string, stack: string): void {
  for (const name of backupsOf(directory, stack).slice(0, -keptBackups)) rmSync(join(directory, name));
}

export function writeDeployment(file: string, state: Deployment): void {
  inFolder(dirname(file), () => writeFileSync(file, JSON.stringify(state, null, 2), { mode: 0o600 }));
}
