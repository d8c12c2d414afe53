import { type DatabaseFacts, type Work, waitsOf } from "./state.ts";
import { type Store, type Writer, withoutRegion } from "./store.ts";
import type { Turn } from "./turn.ts";

/** By itself, where it may; or as an operator wants it. */
export function promote(turn: Turn, store: Store): void {
  const mayByItself = turn.config.armed && !store.paused && turn.durability(store) !== "async";
  if (mayByItself || isWanted(turn, store)) claim(turn, store);
}

function isWanted({ state: { wanted }, nowMs }: Turn, store: Store): boolean {
  return wanted !== null && nowMs < wanted.untilMs && wanted.epoch === store.epoch + 1;
}

export function claim(turn: Turn, { writer, sync, epoch }: Store): void {
  const { region } = turn.config;
  if (sync === null || !sync.value.regions.includes(region)) return;
  const claimed = { region, epoch: epoch + 1 };
  turn.askFor(
    { name: "claim", step: "claim", writer: claimed },
    { kind: "claim", region, epoch, writerRevision: writer?.revision ?? null, syncRevision: sync.revision },
  );
}

/** The lease is this region's and the database is not there yet. */
export function finishClaim(turn: Turn, store: Store, writer: Writer): void {
  const facts = turn.state.facts as DatabaseFacts;
  // Opened at that epoch already, it would not put back `sync` unchanged (W7): what it holds is worth another epoch.
  const wasOpened = facts.role === "fenced" && facts.epoch === writer.epoch;
  const able = !wasOpened && (facts.role !== "standby" || facts.receivesFrom !== null);
  if (able && store.sync?.value.regions.includes(turn.config.region)) {
    turn.begin({ name: "claim", step: "prepare", writer }, { name: "prepare", epoch: writer.epoch });
  } else {
    giveBack(turn, writer);
  }
}

export function giveBack(turn: Turn, writer: Writer): void {
  turn.askFor({ name: "claim", step: "give-back", writer }, { kind: "give-back", writer });
}

export function carryOnClaim(
  turn: Turn,
  work: Exclude<Work & { name: "claim" }, { step: "open" }>,
  done: boolean,
  store: Store | null,
): void {
  const { step, writer } = work;
  const { region } = turn.config;
  if (step === "claim" && done) {
    turn.begin({ name: "claim", step: "prepare", writer }, { name: "prepare", epoch: writer.epoch });
  } else if (step === "prepare") {
    const known = turn.state.store;
    if (done) turn.set({ unopened: writer });
    if (!done) giveBack(turn, writer);
    // Only now: a set of this region alone before the apply was proved would keep everybody else out (W6, W7).
    else if (known?.sync?.value.regions.includes(region)) putAlone(turn, known, writer);
  } else if (step === "put" && done && store !== null) {
    turn.set({ unopened: null });
    open(turn, "claim", writer, store);
  }
}

/** *Open* (W7). Also where it was refused or lost: the set of the writer before would let commits wait for that one. */
export function putAlone(turn: Turn, store: Store, writer: Writer): void {
  const alone = { regions: [turn.config.region], joined: false };
  turn.putSync({ name: "claim", step: "put", writer }, store, alone);
}

export function carryOnOpening(
  turn: Turn,
  { step, writer }: Exclude<Work & { name: "reopen" }, { step: "open" }>,
  done: boolean,
  store: Store | null,
): void {
  if (step === "put" && done && store !== null) open(turn, "reopen", writer, store);
}

/** The wait as the answer's set has it; the database opens on no other word (W7). */
function open(turn: Turn, name: "reopen" | "claim", writer: Writer, store: Store): void {
  // The answer may have come to a host that slept since.
  if (store.sync === null || !turn.isHeld(writer.epoch, turn.config.softMs)) return;
  const regions = waitsOf(turn.config, turn.durability(store), store.sync.value);
  turn.begin({ name, step: "open", writer, regions }, { name: "open", epoch: writer.epoch, regions });
}

/** What the verb has left is known: visitors need not wait for the database to tell it, nor for the next renewal. */
export function opened(
  turn: Turn,
  { writer, regions }: Extract<Work, { step: "open" }>,
  done: boolean,
): void {
  const { facts, renewed } = turn.state;
  if (!done || facts === null) return;
  turn.set({ waits: regions, facts: { ...facts, role: "active", epoch: writer.epoch, open: true } });
  if (renewed !== null && turn.isHeld(writer.epoch, turn.config.softMs))
    turn.effects.push({ do: "port", untilMs: renewed.sentMs + turn.config.softMs });
}

/** Out of `sync` before anything is received, also where it reads as out: an addition may be under way (W8). */
export function leave(turn: Turn, { sync }: Store): void {
  if (sync === null) return;
  const set = withoutRegion(sync.value, turn.config.region);
  turn.askFor(
    { name: "receive", step: "leave" },
    { kind: "leave", region: turn.config.region, syncRevision: sync.revision, sync: set },
  );
}
