import type { Event } from "./state.ts";
import { type Store, sameWriter } from "./store.ts";
import type { Turn } from "./turn.ts";

/** What a keeper makes of what it hears of its database and of etcd; nothing is decided here. */

export function takeFacts(turn: Turn, { facts, askedMs }: Event & { is: "facts" }): void {
  const before = turn.state.facts;
  // A database that was opened, closed or restarted by somebody: whom it waits for is not known any more.
  const same = before !== null && before.open === facts.open && before.epoch === facts.epoch;
  const answeredMs = facts.running ? turn.nowMs : (turn.state.answeredMs ?? turn.nowMs);
  const fencingMs = facts.begun === "fence" ? (turn.state.fencingMs ?? turn.nowMs) : null;
  turn.set({ facts, askedMs, fencingMs, fresh: true, answeredMs, waits: same ? turn.state.waits : null });
}

export function see(turn: Turn, store: Store, sentMs: number | null): void {
  if (turn.state.store !== null && store.revision < turn.state.store.revision) {
    if (sentMs === null || sentMs <= turn.state.heardMs) return;
    // Asked for after the other was heard, and older: of an etcd that was made anew, or goes on from older data.
    turn.set({ store: null, unchanged: null, renewed: null });
  }
  const revision = store.writer?.revision ?? null;
  const { unchanged } = turn.state;
  // Counted from when it was first heard, which is never before it was written.
  const since = unchanged?.revision === revision ? unchanged : { revision, sinceMs: turn.nowMs };
  const before = turn.state.store;
  const isSame =
    sameWriter(before?.writer?.value, store.writer?.value) && before?.sync?.revision === store.sync?.revision;
  turn.set({
    store,
    heardMs: turn.nowMs,
    unchanged: since,
    changedMs: isSame ? turn.state.changedMs : turn.nowMs,
  });
}
