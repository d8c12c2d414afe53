import { exitCodes, UserError } from "../errors.ts";
import { endLeftovers } from "../processes.ts";
import { siteFlag } from "../site.ts";
import { fileBackend } from "../stacks/saved.ts";
import {
  type BackendLock,
  backendLocks,
  isElsewhere,
  isProvablyDead,
  orphansOf,
} from "../stacks/stale-lock.ts";
import type { Deployment } from "../stacks/state.ts";
import type { Note } from "../stacks.ts";
import type { Session } from "./session.ts";

type Place = Pick<Session, "stacks" | "place"> & { engine: Pick<Session["engine"], "env" | "pulumiHome"> };

/** One of Pulumi's own locks, and the stack on which it lies. */
export interface StackLock extends BackendLock {
  stack: string;
}

/** Pulumi's own locks on the site's stacks, in the order of the stacks. */
async function stackLocks({ stacks, engine, place }: Place): Promise<StackLock[]> {
  const backend = fileBackend(engine.env);
  if (backend === null) return [];
  return (await stacks.existing()).flatMap((stack) =>
    backendLocks(backend, place.name, stack).map((lock) => ({ ...lock, stack })),
  );
}

/** Those of a Pulumi on another host: nothing can be proved of it from here, so a person has to say that it is gone. */
export async function locksFromElsewhere(session: Place): Promise<StackLock[]> {
  return (await stackLocks(session)).filter((lock) => isElsewhere(lock));
}

/**
 * Cures what a killed Pulumi left on the site's stacks: its lock, once its owner is proved dead and what it left
 * running has ended. A lock that may be alive is refused (exit 13), its owner named. `saidGone`: files of the locks
 * whose owners are gone by a person's word.
 */
export async function cureStaleLocks(
  session: Place,
  note: Note,
  { saidGone = new Set() }: { saidGone?: ReadonlySet<string> } = {},
): Promise<void> {
  const { stacks, engine, place } = session;
  const gone = (lock: BackendLock) => isProvablyDead(lock, engine.pulumiHome) || saidGone.has(lock.file);
  const locks = await stackLocks(session);
  for (const stack of new Set(locks.map((lock) => lock.stack))) {
    const alive = locks.find((lock) => lock.stack === stack && !gone(lock));
    if (alive !== undefined) throw locked(alive, siteFlag(place.name));
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

/** Whose lock it is: user, process, host and since when. */
export function describeOwner({ file, owner }: BackendLock): string {
  return owner === null
    ? `${file} was cut off and a Pulumi of this clone still runs`
    : `${owner.username}'s pulumi, pid ${owner.pid} on ${owner.hostname}, since ${owner.timestamp}`;
}

function locked(lock: StackLock, flag: string): UserError {
  return new UserError({
    what: `Pulumi's own lock lies on the stack ${lock.stack}`,
    why: describeOwner(lock),
    next: `wait until that update ends, then run the command again; npx evenkeel unlock${flag} frees what is dead`,
    exitCode: exitCodes.locked,
    code: "locked",
  });
}
