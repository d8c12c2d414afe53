import { exitCodes, UserError } from "../errors.ts";
import { endLeftovers } from "../processes.ts";
import {
  type BackendLock,
  backendDirectory,
  backendLocks,
  isElsewhere,
  isProvablyDead,
  orphansOf,
} from "../stacks/stale-lock.ts";
import type { Deployment } from "../stacks/state.ts";
import type { Note } from "../stacks.ts";
import type { Session } from "./session.ts";

/**
 * Cures what a killed Pulumi left on the site's stacks: its lock, once its owner is proved dead and what it left
 * running has ended. A lock that may be alive is refused (exit 13), its owner named. `otherHostsToo`: a person has said
 * that the commands which other hosts ran are gone.
 */
export async function cureStaleLocks(
  { stacks, engine, place }: Session,
  note: Note,
  { otherHostsToo = false }: { otherHostsToo?: boolean } = {},
): Promise<void> {
  const backend = backendDirectory(engine.env.PULUMI_BACKEND_URL ?? process.env.PULUMI_BACKEND_URL);
  if (backend === null) return;
  for (const stack of await stacks.existing()) {
    const locks = backendLocks(backend, place.name, stack);
    if (locks.length === 0) continue;
    const gone = (lock: BackendLock) =>
      isProvablyDead(lock, engine.pulumiHome) || (otherHostsToo && isElsewhere(lock));
    const alive = locks.find((lock) => !gone(lock));
    if (alive !== undefined) throw locked(stack, alive);
    const ended = await endLeftovers(() => orphansOf(engine.pulumiHome));
    await stacks.cancel(stack);
    const left = ended === 0 ? "" : `, ${ended} process(es) that it left were ended`;
    note(`removed the lock of a killed Pulumi from the stack ${stack}${left}`);
  }
}

/** Copies the state of a stack and drops what a killed run left pending. The copy is made before any change. */
export async function prepareStack({ stacks }: Session, name: string, note: Note): Promise<Deployment> {
  const state = await stacks.backUp(name);
  if (await stacks.clearPending(name, state))
    note(`cleared what a killed run had begun in the stack ${name}`);
  return state;
}

function locked(
  stack: string,
  lock: {
    file: string;
    owner: { pid: number; hostname: string; username: string; timestamp: string } | null;
  },
): UserError {
  const { owner } = lock;
  return new UserError({
    what: `Pulumi's own lock lies on the stack ${stack}`,
    why:
      owner === null
        ? `${lock.file} was cut off and a Pulumi of this clone still runs`
        : `${owner.username}'s pulumi, pid ${owner.pid} on ${owner.hostname}, since ${owner.timestamp}`,
    next: "wait until that update ends, then run the command again; npx evenkeel unlock frees what is dead",
    exitCode: exitCodes.locked,
    code: "locked",
  });
}
