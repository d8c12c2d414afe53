import type { DatabaseFacts, Effect, KeeperConfig, KeeperState, Verb, Work } from "./state.ts";
import { type Change, type Durability, type Store, type SyncSet, sameWriter, type Writer } from "./store.ts";

/** One call of `decide`: the state as it becomes, what is to be done, and what both are asked for. */
export class Turn {
  state: KeeperState;
  readonly effects: Effect[] = [];
  readonly config: KeeperConfig;
  readonly nowMs: number;

  constructor(config: KeeperConfig, state: KeeperState, nowMs: number) {
    this.config = config;
    this.state = state;
    this.nowMs = nowMs;
    this.set({ toldMs: nowMs });
    // What was not heard while the host slept says nothing: the database may have gone on answering.
    if (state.toldMs === null || nowMs - state.toldMs > config.softMs)
      this.set({ awakeMs: nowMs, answeredMs: state.answeredMs === null ? null : nowMs });
  }

  /** The lease that this region renews: the one that etcd says is its own. */
  mine(): Writer | null {
    const writer = this.state.store?.writer?.value ?? null;
    return writer?.region === this.config.region ? writer : null;
  }

  durability(store: Store): Durability {
    return store.durability ?? this.config.durability;
  }

  /** Whether the lease at that epoch was renewed within so long. */
  isHeld(epoch: number, withinMs: number): boolean {
    const { renewed } = this.state;
    const writer = { region: this.config.region, epoch };
    return renewed !== null && sameWriter(renewed.writer, writer) && this.nowMs - renewed.sentMs < withinMs;
  }

  /** The writer was silent for the lease's time on this host's own clock. */
  isLapsed(): boolean {
    const { unchanged } = this.state;
    return unchanged !== null && this.nowMs - unchanged.sinceMs >= this.config.leaseMs;
  }

  putSync(step: Work, store: Store, sync: SyncSet): void {
    const writer = this.mine();
    if (writer === null || store.sync === null) return;
    this.askFor(step, { kind: "put-sync", writer, syncRevision: store.sync.revision, sync });
  }

  askFor(step: Work, change: Change | null): void {
    const id = this.newId();
    this.set({ work: { id, sentMs: this.nowMs, step } });
    this.effects.push({ do: "ask", id, change });
  }

  begin(step: Work, verb: Verb): void {
    const id = this.newId();
    this.set({ work: { id, sentMs: this.nowMs, step } });
    this.effects.push({ do: "run", id, verb });
  }

  newId(): number {
    const id = this.state.nextId;
    this.set({ nextId: id + 1 });
    return id;
  }

  set(change: Partial<KeeperState>): void {
    this.state = { ...this.state, ...change };
  }
}
