import { expect } from "@jest/globals";
import {
  decideGate,
  firstGateState,
  type GateConfig,
  type GateEffect,
  type GateEvent,
  type GateState,
} from "../../../automation/keeper/gate.ts";
import type { Store, Writer } from "../../../automation/keeper/store.ts";

export const config: GateConfig = { region: "primary", renewMs: 200, softMs: 2200 };
export const here = { region: "primary", epoch: 4 };

const storeOf = (writer: Writer | null, revision: number): Store => ({
  revision,
  writer: writer === null ? null : { value: writer, revision },
  epoch: writer?.epoch ?? 0,
  sync: null,
  durability: null,
  paused: false,
});

/** A keeper that is told one thing after the other. */
export function keeper() {
  let state: GateState = firstGateState;
  const done: GateEffect[] = [];
  const tell = (event: GateEvent, nowMs: number) => {
    const turn = decideGate(config, state, event, nowMs);
    state = turn.state;
    done.push(...turn.effects);
    return turn.effects;
  };
  const runs = () => done.flatMap((effect) => (effect.do === "run" ? [effect] : []));
  const end = (ok: boolean, nowMs: number) => tell({ is: "ended", id: runs().at(-1)?.id ?? 0, ok }, nowMs);
  return {
    tell,
    end,
    verbs: () => runs().map(({ verb }) => verb),
    /** A look that was sent at `sentMs` and met `writer` as last written at `revision`. */
    see: (writer: Writer | null, revision: number, sentMs: number, nowMs = sentMs + 5) =>
      tell({ is: "answer", sentMs, store: storeOf(writer, revision) }, nowMs),
    leases: () => done.flatMap((effect) => (effect.do === "lease" ? [[effect.epoch, effect.untilMs]] : [])),
  };
}

/** One that is open at epoch 4, by a lease until 3200. */
export function openKeeper() {
  const one = keeper();
  one.tell({ is: "tick" }, 900);
  one.end(true, 950);
  one.see(here, 10, 1000);
  one.see(here, 11, 1200);
  one.end(true, 1300);
  one.tell({ is: "gate", epoch: 4 }, 1350);
  expect(one.verbs()).toEqual([
    { name: "close", keepCaches: true },
    { name: "open", epoch: 4 },
  ]);
  expect(one.leases()).toEqual([[4, 3200]]);
  return one;
}
