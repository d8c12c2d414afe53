import { decide } from "../../../automation/keeper/decide.ts";
import {
  type DatabaseFacts,
  type Effect,
  type Event,
  firstState,
  type KeeperConfig,
  type KeeperState,
} from "../../../automation/keeper/state.ts";
import type { Store } from "../../../automation/keeper/store.ts";
import { keeperConfig } from "../../model/world/keeper-config.ts";

export const config: KeeperConfig = keeperConfig("primary", ["secondary"], "bounded");

export const facts: DatabaseFacts = {
  role: "active",
  epoch: 1,
  mayReturn: false,
  running: true,
  open: true,
  waits: ["secondary"],
  waitingMs: 0,
  begun: null,
  followers: ["secondary"],
  receivesFrom: null,
};

export const store: Store = {
  revision: 5,
  writer: { value: { region: "primary", epoch: 1 }, revision: 3 },
  epoch: 1,
  sync: { value: { regions: ["primary", "secondary"], joined: true }, revision: 4 },
  durability: null,
  paused: false,
};

/** A keeper that is told one thing after the other; what it wants done is kept. */
export function keeper(own: Partial<KeeperConfig> = {}) {
  let state: KeeperState = firstState;
  const done: Effect[] = [];
  const tell = (event: Event, nowMs: number): readonly Effect[] => {
    const turn = decide({ ...config, ...own }, state, event, nowMs);
    state = turn.state;
    done.push(...turn.effects);
    return turn.effects;
  };
  const asked = () => done.flatMap((effect) => (effect.do === "ask" ? [effect] : []));
  const verbs = () => done.flatMap((effect) => (effect.do === "run" ? [effect.verb] : []));
  /** Answers the last question. */
  const answer = (outcome: "done" | "refused", seen: Store, nowMs: number) =>
    tell({ is: "answer", id: asked().at(-1)?.id ?? 0, outcome, store: seen }, nowMs);
  return { tell, asked, verbs, answer };
}

export const standby = { ...facts, role: "standby", open: false, receivesFrom: "secondary" } as const;
export const others = {
  ...store,
  writer: { value: { region: "secondary", epoch: 1 }, revision: 3 },
};
