import { type DatabaseFacts, type Verb, type Work, waitsOf } from "./state.ts";
import { type Store, type SyncSet, type Writer, withoutRegion, withRegion } from "./store.ts";
import type { Turn } from "./turn.ts";

export function keepSyncSet(turn: Turn, store: Store, facts: DatabaseFacts, writer: Writer): void {
  const { sync } = store;
  if (sync === null) return;
  // The server's own word goes before what the last verb left: somebody may have changed it since.
  if (facts.waits === null || !isSame(facts.waits, turn.state.waits ?? [])) turn.set({ waits: null });
  const { waits } = turn.state;
  const durability = turn.durability(store);
  const inSync = sync.value.regions.filter((one) => one !== turn.config.region);
  const alone = { ...sync.value, regions: [turn.config.region] };
  if (durability === "async") {
    if (inSync.length > 0 || waits === null || waits.length > 0) settle(turn, store, alone);
  } else if (durability === "bounded" && facts.waitingMs >= turn.config.boundedWaitMs) {
    const gone = inSync.filter((one) => !facts.followers.includes(one));
    // Also where it reads as already out: an addition may be under way (W5).
    settle(turn, store, gone.length === 0 ? alone : gone.reduce(withoutRegion, sync.value));
  } else if (waits === null || !isSame(waits, waitsOf(turn.config, durability, sync.value))) {
    // What was read decides nothing: what another keeper began may still be written (W7). Or another durability is in force.
    settle(turn, store, sync.value);
  } else if (inSync.length < turn.config.mostAckers && mayTryToAdd(turn)) {
    const next = turn.config.peers.find((one) => !inSync.includes(one) && facts.followers.includes(one));
    // First: let wait for one that is gone, commits would hang, and what feeds say of a silent connection is old.
    if (next !== undefined) {
      const verb: Verb = { name: "reach", epoch: writer.epoch, region: next };
      turn.begin({ name: "add", step: "reach", region: next }, verb);
    }
  }
}

function mayTryToAdd(turn: Turn): boolean {
  return turn.nowMs - turn.state.notAddedMs >= turn.config.addAgainMs;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((region) => other.includes(region));
}

/** Writes `sync`, then lets commits wait as the answer says: off only by an answer (W5). */
function settle(turn: Turn, store: Store, set: SyncSet): void {
  turn.putSync({ name: "settle", step: "put", opens: turn.state.waits === null }, store, set);
}

export function carryOnSettling(
  turn: Turn,
  work: Work & { name: "settle" },
  done: boolean,
  store: Store | null,
): void {
  const facts = turn.state.facts;
  if (work.step === "put") {
    turn.set({ waits: null });
    if (!done || facts === null || !store?.sync) return;
    const regions = waitsOf(turn.config, turn.durability(store), store.sync.value);
    // Behind an opening or a closing that was cut short the port is shut, and the wait alone would leave it so.
    // The answer may have come to a host that slept since: what opens must hold the lease now.
    if (work.opens && !turn.isHeld(facts.epoch, turn.config.softMs)) return;
    const verb: Verb = { name: work.opens ? "open" : "sync", epoch: facts.epoch, regions };
    turn.begin({ name: "settle", step: "wait", regions }, verb);
  } else if (done) {
    turn.set({ waits: work.regions });
  }
}

/** W5: the wait is on, then `sync` is read, then a marker is there, then added, comparing what was read. */
export function carryOnAdding(
  turn: Turn,
  work: Work & { name: "add" },
  done: boolean,
  store: Store | null,
): void {
  const { region } = work;
  const facts = turn.state.facts;
  const isVerb = work.step === "reach" || work.step === "wait" || work.step === "mark";
  if (!done && isVerb) turn.set({ notAddedMs: turn.nowMs });
  if (work.step !== "reach") turn.set({ waits: null });
  if (!done || facts === null) return;
  switch (work.step) {
    case "reach": {
      const inSync = turn.state.store?.sync?.value.regions ?? [];
      const regions = inSync.filter((one) => one !== turn.config.region);
      const verb: Verb = {
        name: "sync",
        epoch: facts.epoch,
        regions: [...new Set([...regions, region])].sort(),
      };
      turn.begin({ name: "add", step: "wait", region }, verb);
      return;
    }
    case "wait":
      turn.askFor({ ...work, step: "look" }, null);
      return;
    case "look":
      if (!store?.sync) return;
      turn.begin({ ...work, step: "mark", read: store.sync }, { name: "mark", epoch: facts.epoch, region });
      return;
    case "mark": {
      const writer = turn.mine();
      if (writer === null) return;
      const { value, revision } = work.read;
      const sync = { ...withRegion(value, region), joined: true };
      turn.askFor({ ...work, step: "put" }, { kind: "put-sync", writer, syncRevision: revision, sync });
      return;
    }
    case "put":
      if (store?.sync) turn.set({ waits: waitsOf(turn.config, turn.durability(store), store.sync.value) });
  }
}
