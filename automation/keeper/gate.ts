import type { KeeperConfig } from "./state.ts";
import type { Store, Writer } from "./store.ts";

/**
 * What the keeper of a web host does next: as in decide.ts, a function of what it knows, of one event and of its host's
 * clock (milliseconds of CLOCK_BOOTTIME). It renews nothing and claims nothing: it looks, and keeps the gate open no
 * longer than the lease (W3, W4, W13).
 *
 * How long that is. etcd tells that the writer renewed, not when. But what a look has not met yet was written after that
 * look was sent: the renewal at revision r was written later than s, the sending of any look that met the store before r.
 * A challenger counts T from when it first saw r, which is no earlier than it was written. So until s + D the lease
 * holds for sure, since D < T. Of several such looks the latest counts, whenever its answer came. The first look proves
 * nothing: the revision that it finds may be as old as T, so a change has to be seen first. All this wants looks that
 * meet the store no earlier than they were sent: etcd's linearizable reads, never serializable ones.
 */
export function decideGate(
  config: GateConfig,
  before: GateState,
  event: GateEvent,
  nowMs: number,
): { state: GateState; effects: readonly GateEffect[] } {
  const turn: Turn = { config, nowMs, state: before, effects: [] };
  take(turn, event);
  ask(turn);
  tellLease(turn);
  const epoch = heldEpoch(turn);
  if (epoch === null) close(turn);
  else open(turn, epoch);
  return { state: turn.state, effects: turn.effects };
}

export type GateConfig = Pick<KeeperConfig, "region" | "renewMs" | "softMs">;

/** The lease as it stands in the lease file: this region's at `epoch` until then; epoch 0: it is not this region's. */
export interface GateLease {
  epoch: number;
  untilMs: number;
}

/** The verbs of `evenkeel-web` that a keeper asks for. */
export type GateVerb =
  | { name: "open"; epoch: number }
  /** Caches are kept where the lease is only over: who comes back at the same epoch has missed nothing. */
  | { name: "close"; keepCaches: boolean };

export type GateEvent =
  | { is: "tick" }
  /** Of an `ask`. `sentMs`: read before it was sent. Null: unknown. */
  | { is: "answer"; sentMs: number; store: Store | null }
  /** The epoch that the gate is open for at this moment; null: it is closed. */
  | { is: "gate"; epoch: number | null }
  /** Of a `run`: whether it did all that it was asked for. Always told once. */
  | { is: "ended"; id: number; ok: boolean };

export type GateEffect =
  /** A linearizable look at the store. Several may be under way. */
  { do: "ask" } | ({ do: "lease" } & GateLease) | { do: "run"; id: number; verb: GateVerb };

/** A verb under way, or one that failed. */
type Progress =
  | { is: "idle" }
  | { is: "running"; id: number; verb: GateVerb }
  | { is: "failed"; atMs: number; verb: GateVerb };

export interface GateState {
  /** The latest store that was seen, and when it was heard. */
  store: Store | null;
  heardMs: number;
  /** Answered looks of the last D: when they were sent, and the store's revision that they met. */
  looks: readonly { sentMs: number; revision: number }[];
  askedMs: number | null;
  /** What the lease file was last told. */
  lease: GateLease | null;
  /** What the gate is open for, as last heard. */
  gate: number | null;
  opening: Progress;
  closing: Progress;
  /** How far the last closing went; "no": there was an opening since, or nothing is known. */
  closed: "no" | "caches-kept" | "yes";
  nextId: number;
}

export const firstGateState: GateState = {
  store: null,
  heardMs: Number.NEGATIVE_INFINITY,
  looks: [],
  askedMs: null,
  lease: null,
  gate: null,
  opening: { is: "idle" },
  closing: { is: "idle" },
  closed: "no",
  nextId: 1,
};

/** A verb that failed is asked for again after this; another one at once. */
const retryMs = 500;

/** The lease file's one line. */
export function leaseLine({ epoch, untilMs }: GateLease): string {
  return `${epoch} ${Math.floor(untilMs)}\n`;
}

interface Turn {
  readonly config: GateConfig;
  readonly nowMs: number;
  state: GateState;
  readonly effects: GateEffect[];
}

function set(turn: Turn, change: Partial<GateState>): void {
  turn.state = { ...turn.state, ...change };
}

function take(turn: Turn, event: GateEvent): void {
  switch (event.is) {
    case "tick":
      return;
    case "answer":
      if (event.store !== null) see(turn, event.sentMs, event.store);
      return;
    case "gate":
      set(turn, { gate: event.epoch });
      return;
    case "ended":
      takeEnd(turn, event.id, event.ok);
  }
}

function see(turn: Turn, sentMs: number, store: Store): void {
  const { store: known, heardMs } = turn.state;
  const isOlder = known !== null && store.revision < known.revision;
  // Older, and sent behind the other: of an etcd that was made anew. Looks at the one say nothing of renewals in the other.
  const isOther = isOlder && sentMs > heardMs;
  const looks = isOther ? [] : turn.state.looks;
  set(turn, {
    // An answer that was overtaken tells nothing new of the writer, but what it had not seen yet counts.
    ...(isOlder && !isOther ? {} : { store, heardMs: turn.nowMs }),
    looks: [...looks, { sentMs, revision: store.revision }].filter(
      (look) => turn.nowMs - look.sentMs < turn.config.softMs,
    ),
  });
}

function takeEnd(turn: Turn, id: number, ok: boolean): void {
  const after = ({ verb }: { verb: GateVerb }): Progress =>
    ok ? { is: "idle" } : { is: "failed", atMs: turn.nowMs, verb };
  const { opening, closing } = turn.state;
  if (opening.is === "running" && opening.id === id) {
    set(turn, { opening: after(opening) });
    if (ok && opening.verb.name === "open") set(turn, { gate: opening.verb.epoch });
  }
  if (closing.is === "running" && closing.id === id) {
    set(turn, { closing: after(closing) });
    if (ok && closing.verb.name === "close")
      set(turn, { gate: null, closed: closing.verb.keepCaches ? "caches-kept" : "yes" });
  }
}

function ask(turn: Turn): void {
  const { askedMs } = turn.state;
  if (askedMs !== null && turn.nowMs - askedMs < turn.config.renewMs) return;
  set(turn, { askedMs: turn.nowMs });
  turn.effects.push({ do: "ask" });
}

/** Nobody's and another region's are alike here. Undefined: never asked with success. */
function writerHere({ state, config }: Turn): (Writer & { revision: number }) | null | undefined {
  if (state.store === null) return undefined;
  const { writer } = state.store;
  return writer?.value.region === config.region ? { ...writer.value, revision: writer.revision } : null;
}

/** What is proved of the lease; null: nothing. */
function provedLease(turn: Turn): GateLease | null {
  const writer = writerHere(turn);
  if (writer === undefined) return null;
  if (writer === null) return { epoch: 0, untilMs: 0 };
  const earlier = turn.state.looks.filter(({ revision }) => revision < writer.revision);
  if (earlier.length === 0) return null;
  return {
    epoch: writer.epoch,
    untilMs: Math.max(...earlier.map(({ sentMs }) => sentMs)) + turn.config.softMs,
  };
}

function tellLease(turn: Turn): void {
  const lease = provedLease(turn);
  const told = turn.state.lease;
  if (lease === null || (told?.epoch === lease.epoch && told.untilMs >= lease.untilMs)) return;
  set(turn, { lease });
  turn.effects.push({ do: "lease", ...lease });
}

/** The epoch at which the lease is this region's now. */
function heldEpoch(turn: Turn): number | null {
  const { lease } = turn.state;
  return lease !== null && turn.nowMs < lease.untilMs ? lease.epoch : null;
}

/** Closing waits for no opening that is under way: the verbs themselves see to it that the gate ends closed. */
function close(turn: Turn): void {
  const { gate, closed, closing } = turn.state;
  const keepCaches = writerHere(turn) !== null;
  if (gate === null && (closed === "yes" || (keepCaches && closed === "caches-kept"))) return;
  const verb: GateVerb = { name: "close", keepCaches };
  if (mayRun(turn, closing, verb)) set(turn, { closing: run(turn, verb) });
}

function open(turn: Turn, epoch: number): void {
  const { gate, closed, opening, closing } = turn.state;
  if (gate === epoch && closed === "no") return;
  const verb: GateVerb = { name: "open", epoch };
  if (closing.is === "running" || !mayRun(turn, opening, verb)) return;
  set(turn, { opening: run(turn, verb), closed: "no" });
}

function mayRun({ nowMs }: Turn, last: Progress, verb: GateVerb): boolean {
  switch (last.is) {
    case "idle":
      return true;
    case "running":
      return false;
    case "failed":
      return !isSameVerb(last.verb, verb) || nowMs - last.atMs >= retryMs;
  }
}

function isSameVerb(one: GateVerb, other: GateVerb): boolean {
  if (one.name === "open") return other.name === "open" && one.epoch === other.epoch;
  return other.name === "close" && one.keepCaches === other.keepCaches;
}

function run(turn: Turn, verb: GateVerb): Progress {
  const id = turn.state.nextId;
  set(turn, { nextId: id + 1 });
  turn.effects.push({ do: "run", id, verb });
  return { is: "running", id, verb };
}
