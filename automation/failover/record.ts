import { userName } from "../lock.ts";
import { etcdCommand } from "../remote/etcd.ts";
import type { Move } from "../remote/operator-keys.ts";
import type { RemoteCommand } from "../remote/ssh.ts";
import { say } from "../terminal.ts";
import { ask } from "./facts.ts";
import type { HeldSite, Moved } from "./moves.ts";
import type { Observation } from "./observation.ts";

const askMs = 12_000;

/**
 * Puts a move into the history that etcd keeps, since the operator's machine may be lost with a region. What can't be put
 * is told, and undoes nothing: the move was made. `seen`: a look at the site behind it.
 */
export async function recordMove(site: HeldSite, moved: Moved, seen: Observation): Promise<void> {
  const [first, last] = [moved.steps[0], moved.steps.at(-1)];
  // Nothing was done, and an earlier run has told of it; or single steps, which made nobody the writer.
  const isNone = moved.steps.every(({ outcome }) => outcome === "already" || outcome === "skipped");
  if (first === undefined || last === undefined || isNone || moved.epoch === null) return;
  const move: Move = {
    run: site.journal.run,
    kind: moved.kind,
    from: moved.from,
    to: moved.to,
    epoch: moved.epoch,
    at: new Date(last.endedMs).toISOString(),
    who: userName(),
    seconds: (last.endedMs - first.startedMs) / 1000,
    loss: moved.loss,
  };
  await put(site, seen, etcdCommand.record(move), "the move could not be put into the history in etcd");
}

/** The failover of this run needs no cool-down: who made it knows that it was a drill. */
export async function acknowledge(site: HeldSite, seen: Observation): Promise<void> {
  const ack = { run: site.journal.run, who: userName(), at: new Date().toISOString() };
  await put(site, seen, etcdCommand.ack(ack), "the failover could not be acknowledged in etcd");
}

async function put(site: HeldSite, seen: Observation, command: RemoteCommand, what: string): Promise<void> {
  const member = seen.etcd?.members.find(({ state }) => state === "well");
  if (member === undefined) return say(`warning: ${what}: no member of it has a majority`);
  // What it prints then is not read: the move is there, whatever the answer looks like.
  const { why } = await ask(site.ssh, { id: member.host }, command, askMs, String);
  if (why !== null) say(`warning: ${what}: ${why}`);
}
