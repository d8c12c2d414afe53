import fc from "fast-check";
import {
  decideGate,
  firstGateState,
  type GateConfig,
  type GateEvent,
  type GateLease,
  type GateState,
} from "../../../automation/keeper/gate.ts";
import type { Store, Writer } from "../../../automation/keeper/store.ts";

const leaseMs = 2400;
const stepMs = 50;
export const endMs = 15_000;

/** A made-up etcd and one web host. Milliseconds. */
export interface World {
  /** Between two renewals of the writer; after T without one the other region claims. */
  gapsMs: readonly number[];
  /** Nothing of the web host runs in these times. */
  sleeps: readonly { fromMs: number; forMs: number }[];
  /** From when the host counts: as it should, or from when the answer was there. */
  counts: "sending" | "answers";
  /** Whether a look may meet the store as it was before the look was sent. */
  reads: "linearizable" | "stale";
}

/** What becomes of one look after the other, again from the beginning where the list ends. */
interface Trip {
  toMs: number;
  backMs: number;
  fate: "answered" | "lost" | "doubled";
}

export const worlds: fc.Arbitrary<World> = fc.record({
  gapsMs: fc.array(fc.oneof({ weight: 5, arbitrary: fc.nat(400) }, fc.integer({ min: 1000, max: 4000 })), {
    minLength: 10,
    maxLength: 60,
  }),
  sleeps: fc.array(fc.record({ fromMs: fc.nat(endMs), forMs: fc.nat(5000) }), { maxLength: 2 }),
  counts: fc.constant("sending" as const),
  reads: fc.constant("linearizable" as const),
});

export const networks: fc.Arbitrary<readonly Trip[]> = fc.array(
  fc.record({
    toMs: fc.nat(1500),
    backMs: fc.nat(1500),
    fate: fc.constantFrom("answered", "answered", "lost", "doubled"),
  }),
  { minLength: 1, maxLength: 12 },
);

interface Written {
  atMs: number;
  revision: number;
  writer: Writer;
}

/** All writes of `writer`, in order of time; its revision grows by two each, for what else is written. */
function historyOf({ gapsMs }: World): Written[] {
  let atMs = 0;
  let writer: Writer = { region: "primary", epoch: 1 };
  const all: Written[] = [{ atMs, revision: 2, writer }];
  for (const gapMs of gapsMs) {
    atMs += gapMs;
    if (gapMs >= leaseMs)
      writer = { region: writer.region === "primary" ? "secondary" : "primary", epoch: writer.epoch + 1 };
    all.push({ atMs, revision: all.length * 2 + 2, writer });
  }
  return all;
}

const lastAt = (history: readonly Written[], atMs: number) =>
  history.filter((one) => one.atMs <= atMs).at(-1) as Written;

const storeAt = (history: readonly Written[], atMs: number): Store => {
  const { revision, writer } = lastAt(history, atMs);
  const value = { value: writer, revision };
  return { revision, writer: value, epoch: writer.epoch, sync: null, durability: null, paused: false };
};

/**
 * `late`: leases that end later than D after the last renewal that was written for them by then, and openings without a
 * lease that holds; empty: all was well. `heldMs`: how long there was a lease.
 */
export function playGate(
  config: GateConfig,
  world: World,
  network: readonly Trip[],
): { late: string[]; heldMs: number } {
  const history = historyOf(world);
  const late: string[] = [];
  let state: GateState = firstGateState;
  let lease: GateLease = { epoch: 0, untilMs: 0 };
  let looks = 0;
  let heldMs = 0;
  const due: { atMs: number; event: GateEvent }[] = [];

  const send = (nowMs: number) => {
    const { toMs, backMs, fate } = network[looks++ % network.length] as Trip;
    const metMs = world.reads === "stale" ? nowMs - toMs : nowMs + toMs;
    const atMs = nowMs + toMs + backMs;
    const sentMs = world.counts === "answers" ? atMs : nowMs;
    const event: GateEvent = { is: "answer", sentMs, store: storeAt(history, Math.max(0, metMs)) };
    if (fate !== "lost") due.push({ atMs, event });
    if (fate === "doubled") due.push({ atMs: atMs + backMs, event });
  };
  const tell = (event: GateEvent, nowMs: number) => {
    const turn = decideGate(config, state, event, nowMs);
    state = turn.state;
    for (const effect of turn.effects) {
      if (effect.do === "ask") send(nowMs);
      else if (effect.do === "lease") lease = effect;
      else due.push({ atMs: nowMs + 100, event: { is: "ended", id: effect.id, ok: true } });
      if (effect.do === "lease") late.push(...tooLong(effect, nowMs));
      if (effect.do === "run" && effect.verb.name === "open" && !isHeld(effect.verb.epoch, nowMs))
        late.push(`opened at ${nowMs} with a lease until ${lease.untilMs}`);
    }
  };
  const isHeld = (epoch: number, nowMs: number) => lease.epoch === epoch && nowMs < lease.untilMs;
  const tooLong = ({ epoch, untilMs }: GateLease, nowMs: number): string[] => {
    const renewed = history.filter((one) => one.atMs <= nowMs && one.writer.epoch === epoch).at(-1);
    const mostMs = renewed === undefined || epoch === 0 ? 0 : renewed.atMs + config.softMs;
    return untilMs <= mostMs ? [] : [`a lease at ${epoch} until ${untilMs} instead of ${mostMs}`];
  };

  for (let nowMs = 0; nowMs < endMs; nowMs += stepMs) {
    if (world.sleeps.some(({ fromMs, forMs }) => nowMs >= fromMs && nowMs < fromMs + forMs)) continue;
    const arrived = due.filter(({ atMs }) => atMs <= nowMs);
    for (const one of arrived) due.splice(due.indexOf(one), 1);
    for (const { event } of arrived) tell(event, nowMs);
    tell({ is: "tick" }, nowMs);
    if (nowMs < lease.untilMs) heldMs += stepMs;
  }
  return { late, heldMs };
}
