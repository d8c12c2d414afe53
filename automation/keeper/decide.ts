import {
  carryOnClaim,
  carryOnOpening,
  claim,
  finishClaim,
  giveBack,
  leave,
  opened,
  promote,
  putAlone,
} from "./opening.ts";
import { poll, renewed, writerOf } from "./renewing.ts";
import { see, takeFacts } from "./seen.ts";
import {
  type DatabaseFacts,
  type Effect,
  type Event,
  type KeeperConfig,
  type KeeperState,
  type Work,
} from "./state.ts";
import { type Store, sameWriter, type Writer } from "./store.ts";
import { carryOnAdding, carryOnSettling, keepSyncSet } from "./sync-set.ts";
import { Turn } from "./turn.ts";

/**
 * What the keeper of a database host does next: a pure function of what it knows, of one event and of its host's clock.
 * The rules are those of docs/writer.md (W1 to W8). Nothing here asks, waits or reads a clock.
 */
export function decide(
  config: KeeperConfig,
  state: KeeperState,
  event: Event,
  nowMs: number,
): { state: KeeperState; effects: readonly Effect[] } {
  const turn = new Turn(config, state, nowMs);
  take(turn, event);
  giveUpLateAnswers(turn);
  poll(turn);
  advance(turn);
  return { state: turn.state, effects: turn.effects };
}

function take(turn: Turn, event: Event): void {
  switch (event.is) {
    case "tick":
      return;
    case "facts":
      // Asked before a verb ended: it tells of a database that is not there any more.
      if (event.askedMs >= turn.state.endedMs) takeFacts(turn, event);
      return;
    case "answer":
      takeAnswer(turn, event);
      return;
    case "ended":
      turn.set({ fresh: false, endedMs: turn.nowMs });
      if (turn.state.work?.id === event.id) carryOn(turn, event.ok, null);
      return;
    case "wanted":
      turn.set({ wanted: event.wanted });
  }
}

function takeAnswer(turn: Turn, event: Event & { is: "answer" }): void {
  const poll = turn.state.polls.find(({ id }) => id === event.id);
  turn.set({ polls: turn.state.polls.filter(({ id }) => id !== event.id) });
  const sentMs = poll?.sentMs ?? (turn.state.work?.id === event.id ? turn.state.work.sentMs : null);
  if (event.outcome !== "unknown") see(turn, event.store, sentMs);
  if (poll !== undefined) {
    if (event.outcome === "done" && poll.writer !== null) renewed(turn, poll.writer, poll.sentMs);
    return;
  }
  if (turn.state.work?.id === event.id) {
    // Whatever only the holder of the lease can put renews it.
    const writer = writerOf(turn.state.work.step);
    if (event.outcome === "done" && writer !== null && sentMs !== null) renewed(turn, writer, sentMs);
    carryOn(turn, event.outcome === "done", event.outcome === "unknown" ? null : event.store);
  }
}

/** An unknown outcome counts as not done (W3); what it may still do is met by the revision that the next one compares. */
function giveUpLateAnswers(turn: Turn): void {
  const late = turn.nowMs - turn.config.answerMs;
  turn.set({ polls: turn.state.polls.filter(({ sentMs }) => sentMs > late) });
  const { work } = turn.state;
  if (work !== null && isAsking(work.step) && work.sentMs <= late) turn.set({ work: null });
}

function advance(turn: Turn): void {
  const { store, facts, work } = turn.state;
  if (store === null || facts === null) return;
  if (isOver(turn, store, facts) || wasOpenedByHand(facts) || isCutShort(turn)) {
    if (work?.step.name !== "fence" && turn.state.fresh) turn.begin({ name: "fence" }, { name: "fence" });
    return;
  }
  if (work !== null || !turn.state.fresh) return;
  if (facts.role === "active") advanceActive(turn, store, facts);
  else if (facts.role === "standby") advanceStandby(turn, store, facts);
  else if (facts.mayReturn) advanceFenced(turn, store);
  else stayOut(turn, store);
}

/** Somebody else was granted a later epoch: this one is over for good (W4, hard). */
function isOver(turn: Turn, { writer }: Store, facts: DatabaseFacts): boolean {
  if (facts.role !== "active" || writer === null) return false;
  return writer.value.region !== turn.config.region && writer.value.epoch > facts.epoch;
}

/** Whoever did that went past every rule: what was written there is nobody's to keep quietly. */
function wasOpenedByHand({ role, open, begun }: DatabaseFacts): boolean {
  return open && role !== "active" && !(role === "unseeded" && begun === "birth");
}

/** A fence that has not ended long after its own deadline never will: until one has, no verb does anything here. */
function isCutShort({ state, config, nowMs }: Turn): boolean {
  return state.fencingMs !== null && nowMs - state.fencingMs >= config.fenceMs;
}

function advanceActive(turn: Turn, store: Store, facts: DatabaseFacts): void {
  const writer = store.writer?.value ?? null;
  const { region } = turn.config;
  // What is down opens nothing, and is not started by its keeper: systemd and operators do that.
  if (!facts.running) return;
  if (facts.open && (writer === null || isOutOfTime(turn, facts.epoch))) {
    turn.begin({ name: "close" }, { name: "close", epoch: facts.epoch });
  } else if (writer === null) {
    claim(turn, store);
  } else if (writer.epoch > facts.epoch) {
    finishClaim(turn, store, writer);
  } else if (!turn.isHeld(facts.epoch, turn.config.softMs)) {
    return;
  } else if (!facts.open) {
    // Somebody closes it: opened now it would keep the one that is to follow waiting.
    if (facts.begun === "demote") return;
    // The key alone opens nothing: it was renewed, this region is in `sync`, and that is written once more (W1, W7).
    if (!store.sync?.value.regions.includes(region)) return;
    if (sameWriter(turn.state.unopened, writer)) putAlone(turn, store, writer);
    else turn.putSync({ name: "reopen", step: "put", writer }, store, store.sync.value);
  } else {
    keepSyncSet(turn, store, facts, writer);
  }
}

function advanceStandby(turn: Turn, store: Store, facts: DatabaseFacts): void {
  const writer = store.writer?.value ?? null;
  if (writer?.region === turn.config.region) {
    finishClaim(turn, store, writer);
  } else if (!facts.running) {
    return;
  } else if (facts.receivesFrom === null) {
    // What could not go on a moment ago can't now: each try writes `sync`, and others compare what they read of it.
    if (turn.nowMs - turn.state.receivedMs >= turn.config.addAgainMs) leave(turn, store);
  } else if (writer !== null && facts.receivesFrom !== writer.region) {
    leave(turn, store);
  } else if (writer === null || turn.isLapsed()) {
    promote(turn, store);
  }
}

/**
 * Fenced since another region was granted the lease. As long as it is in `sync`, that one has opened nothing: should it
 * give up, this region has all there is (W1, W7).
 */
function advanceFenced(turn: Turn, store: Store): void {
  const writer = store.writer?.value ?? null;
  if (writer?.region === turn.config.region) finishClaim(turn, store, writer);
  else if (writer === null) claim(turn, store);
  else if (turn.isLapsed()) promote(turn, store);
}

/**
 * Empty, or closed by an operator: it holds nothing that a lease or a place in `sync` would be of use for (W1, W2). Judged
 * by what the database said after these were seen: birth and resume write the role just before they ask for a lease.
 */
function stayOut(turn: Turn, store: Store): void {
  if (turn.state.askedMs < turn.state.changedMs) return;
  const writer = turn.mine();
  if (writer !== null) giveBack(turn, writer);
  else if (turn.state.facts?.role === "unseeded" && store.sync?.value.regions.includes(turn.config.region))
    leave(turn, store);
}

/** The step under way has ended: the next one, or none. `store`: what etcd answered, where it was asked. */
function carryOn(turn: Turn, done: boolean, store: Store | null): void {
  const step = turn.state.work?.step as Work;
  turn.set({ work: null });
  switch (step.name) {
    case "fence":
    case "close":
      return;
    case "reopen":
    case "claim":
      if (step.step === "open") opened(turn, step, done);
      else if (step.name === "reopen") carryOnOpening(turn, step, done, store);
      else carryOnClaim(turn, step, done, store);
      return;
    case "receive":
      // One that is unseeded left for good: what it receives is for `seed` to begin.
      if (step.step === "leave" && done && turn.state.facts?.role === "standby")
        turn.begin({ name: "receive", step: "start" }, { name: "receive" });
      if (step.step === "start") turn.set({ receivedMs: turn.nowMs });
      return;
    case "settle":
      carryOnSettling(turn, step, done, store);
      return;
    case "add":
      carryOnAdding(turn, step, done, store);
  }
}

/** Gate and port closed long ago; a keeper that has just begun, or woken, has as long to renew first (W4). */
function isOutOfTime(turn: Turn, epoch: number): boolean {
  const awakeForMs = turn.nowMs - (turn.state.awakeMs ?? turn.nowMs);
  return awakeForMs >= turn.config.hardMs && !turn.isHeld(epoch, turn.config.hardMs);
}

const asking = new Set(["put", "claim", "give-back", "leave", "look"]);

/** Of a verb the end is always told; an answer may be lost. */
function isAsking(work: Work): boolean {
  return "step" in work && asking.has(work.step);
}
