import {
  type DatabaseFacts,
  type Effect,
  type Event,
  firstState,
  type KeeperConfig,
  type KeeperState,
  type Verb,
  type Work,
  waitsOf,
} from "./state.ts";
import {
  type Change,
  type Durability,
  type Store,
  type SyncSet,
  sameWriter,
  type Writer,
  withoutRegion,
  withRegion,
} from "./store.ts";

/**
 * What the keeper of a database host does next: a pure function of what it knows, of one event and of its host's clock.
 * The rules are those of writer.md (W1 to W8). Nothing here asks, waits or reads a clock.
 */
export function decide(
  config: KeeperConfig,
  state: KeeperState,
  event: Event,
  nowMs: number,
): { state: KeeperState; effects: readonly Effect[] } {
  const turn = new Turn(config, state, nowMs);
  turn.take(event);
  turn.giveUpLateAnswers();
  turn.poll();
  turn.advance();
  return { state: turn.state, effects: turn.effects };
}

export { firstState };

/** One call of `decide`: the state as it becomes, and what is to be done. */
class Turn {
  state: KeeperState;
  readonly effects: Effect[] = [];
  private readonly config: KeeperConfig;
  private readonly nowMs: number;

  constructor(config: KeeperConfig, state: KeeperState, nowMs: number) {
    this.config = config;
    this.state = state;
    this.nowMs = nowMs;
    if (state.startedMs === null) this.set({ startedMs: nowMs });
  }

  take(event: Event): void {
    switch (event.is) {
      case "tick":
        return;
      case "facts":
        // Asked before a verb ended: it tells of a database that is not there any more.
        if (event.askedMs >= this.state.endedMs) this.takeFacts(event.facts);
        return;
      case "answer":
        this.takeAnswer(event);
        return;
      case "ended":
        this.set({ fresh: false, endedMs: this.nowMs });
        if (this.state.work?.id === event.id) this.carryOn(event.ok, null);
    }
  }

  private takeFacts(facts: DatabaseFacts): void {
    const before = this.state.facts;
    // A database that was opened, closed or restarted by somebody: whom it waits for is not known any more.
    const same = before !== null && before.open === facts.open && before.epoch === facts.epoch;
    const answeredMs = facts.running ? this.nowMs : (this.state.answeredMs ?? this.nowMs);
    this.set({ facts, fresh: true, answeredMs, waits: same ? this.state.waits : null });
  }

  private takeAnswer(event: Event & { is: "answer" }): void {
    const poll = this.state.polls.find(({ id }) => id === event.id);
    this.set({ polls: this.state.polls.filter(({ id }) => id !== event.id) });
    if (event.outcome !== "unknown") this.see(event.store);
    if (poll !== undefined) {
      if (event.outcome === "done" && poll.writer !== null) this.renewed(poll.writer, poll.sentMs);
      return;
    }
    if (this.state.work?.id === event.id) {
      this.carryOn(event.outcome === "done", event.outcome === "unknown" ? null : event.store);
    }
  }

  private see(store: Store): void {
    if (this.state.store !== null && store.revision < this.state.store.revision) return;
    const revision = store.writer?.revision ?? null;
    const { unchanged } = this.state;
    // Counted from when it was first heard, which is never before it was written.
    const since = unchanged?.revision === revision ? unchanged : { revision, sinceMs: this.nowMs };
    this.set({ store, unchanged: since });
  }

  /** The deadline counts from the sending, never from the reply (W3). */
  private renewed(writer: Writer, sentMs: number): void {
    if (this.state.renewed !== null && this.state.renewed.sentMs > sentMs) return;
    this.set({ renewed: { writer, sentMs } });
    if (this.isOpenAs(writer)) this.effects.push({ do: "port", untilMs: sentMs + this.config.softMs });
  }

  /** An unknown outcome counts as not done (W3); what it may still do is met by the revision that the next one compares. */
  giveUpLateAnswers(): void {
    const late = this.nowMs - this.config.answerMs;
    this.set({ polls: this.state.polls.filter(({ sentMs }) => sentMs > late) });
    const { work } = this.state;
    if (work !== null && isAsking(work.step) && work.sentMs <= late) this.set({ work: null });
  }

  /** Renews what is this region's, else looks. */
  poll(): void {
    const { polledMs } = this.state;
    if (polledMs !== null && this.nowMs - polledMs < this.config.renewMs) return;
    const writer = this.isWorthRenewing() ? this.mine() : null;
    const id = this.newId();
    this.set({ polls: [...this.state.polls, { id, sentMs: this.nowMs, writer }], polledMs: this.nowMs });
    this.effects.push({ do: "ask", id, change: writer === null ? null : { kind: "renew", writer } });
  }

  /** A database that is gone for longer than a restart takes must not keep the lease from others. */
  private isWorthRenewing(): boolean {
    const { answeredMs } = this.state;
    return answeredMs !== null && this.nowMs - answeredMs < this.config.restartMs;
  }

  /** The lease that this region renews: the one that etcd says is its own. */
  private mine(): Writer | null {
    const writer = this.state.store?.writer?.value ?? null;
    return writer?.region === this.config.region ? writer : null;
  }

  advance(): void {
    const { store, facts, work } = this.state;
    if (store === null || facts === null) return;
    if (this.isOver(store, facts)) {
      if (work?.step.name !== "fence" && this.state.fresh) this.begin({ name: "fence" }, { name: "fence" });
      return;
    }
    if (work !== null || !this.state.fresh) return;
    if (facts.role === "active") this.advanceActive(store, facts);
    else if (facts.role === "standby") this.advanceStandby(store, facts);
    else if (facts.mayReturn) this.advanceFenced(store);
  }

  /** Somebody else was granted a later epoch: this one is over for good (W4, hard). */
  private isOver({ writer }: Store, facts: DatabaseFacts): boolean {
    if (facts.role !== "active" || writer === null) return false;
    return writer.value.region !== this.config.region && writer.value.epoch > facts.epoch;
  }

  private advanceActive(store: Store, facts: DatabaseFacts): void {
    const writer = store.writer?.value ?? null;
    const { region } = this.config;
    if (facts.open && (writer === null || this.isOutOfTime(facts.epoch))) {
      this.begin({ name: "close" }, { name: "close", epoch: facts.epoch });
    } else if (writer === null) {
      this.claim(store);
    } else if (writer.epoch > facts.epoch) {
      this.finishClaim(store, writer);
    } else if (!this.isHeld(facts.epoch, this.config.softMs)) {
      return;
    } else if (!facts.open) {
      // The key alone opens nothing: it was renewed, this region is in `sync`, and that is written once more (W1, W7).
      if (store.sync?.value.regions.includes(region))
        this.putSync({ name: "reopen", step: "put", writer }, store, store.sync.value);
    } else {
      this.keepSyncSet(store, facts, writer);
    }
  }

  private keepSyncSet(store: Store, facts: DatabaseFacts, writer: Writer): void {
    const { sync } = store;
    const { waits } = this.state;
    if (sync === null) return;
    const durability = this.durability(store);
    const inSync = sync.value.regions.filter((one) => one !== this.config.region);
    const alone = { ...sync.value, regions: [this.config.region] };
    if (durability === "async") {
      if (inSync.length > 0 || waits === null || waits.length > 0) this.settle(store, alone);
    } else if (durability === "bounded" && facts.waitingMs >= this.config.boundedWaitMs) {
      const gone = inSync.filter((one) => !facts.followers.includes(one));
      // Also where it reads as already out: an addition may be under way (W5).
      this.settle(store, gone.length === 0 ? alone : gone.reduce(withoutRegion, sync.value));
    } else if (waits === null) {
      // What was read decides nothing: what another keeper began may still be written (W7).
      this.settle(store, sync.value);
    } else if (inSync.length < this.config.mostAckers) {
      const next = this.config.peers.find((one) => !inSync.includes(one) && facts.followers.includes(one));
      if (next !== undefined) {
        const verb: Verb = { name: "sync", epoch: writer.epoch, regions: [...inSync, next].sort() };
        this.begin({ name: "add", step: "wait", region: next }, verb);
      }
    }
  }

  private advanceStandby(store: Store, facts: DatabaseFacts): void {
    const writer = store.writer?.value ?? null;
    if (writer?.region === this.config.region) {
      this.finishClaim(store, writer);
    } else if (!facts.running) {
      return;
    } else if (facts.receivesFrom === null || (writer !== null && facts.receivesFrom !== writer.region)) {
      this.leave(store);
    } else if (writer === null || this.isLapsed()) {
      this.promote(store);
    }
  }

  /**
   * Fenced since another region was granted the lease. As long as it is in `sync`, that one has opened nothing: should it
   * give up, this region has all there is (W1, W7).
   */
  private advanceFenced(store: Store): void {
    const writer = store.writer?.value ?? null;
    if (writer?.region === this.config.region) this.finishClaim(store, writer);
    else if (writer === null) this.claim(store);
    else if (this.isLapsed()) this.promote(store);
  }

  /** The writer was silent for the lease's time on this host's own clock. */
  private isLapsed(): boolean {
    const { unchanged } = this.state;
    return unchanged !== null && this.nowMs - unchanged.sinceMs >= this.config.leaseMs;
  }

  /** By itself, where it may. */
  private promote(store: Store): void {
    if (this.config.armed && !store.paused && this.durability(store) !== "async") this.claim(store);
  }

  /** Out of `sync` before anything is received, also where it reads as out: an addition may be under way (W8). */
  private leave({ sync }: Store): void {
    if (sync === null) return;
    const set = withoutRegion(sync.value, this.config.region);
    this.askFor(
      { name: "receive", step: "leave" },
      { kind: "leave", region: this.config.region, syncRevision: sync.revision, sync: set },
    );
  }

  private claim({ writer, sync, epoch }: Store): void {
    const { region } = this.config;
    if (sync === null || !sync.value.regions.includes(region)) return;
    const claimed = { region, epoch: epoch + 1 };
    this.askFor(
      { name: "claim", step: "claim", writer: claimed },
      { kind: "claim", region, epoch, writerRevision: writer?.revision ?? null, syncRevision: sync.revision },
    );
  }

  /** The lease is this region's and the database is not there yet. */
  private finishClaim(store: Store, writer: Writer): void {
    const facts = this.state.facts as DatabaseFacts;
    const able = facts.role !== "standby" || facts.receivesFrom !== null;
    if (able && store.sync?.value.regions.includes(this.config.region)) {
      this.begin({ name: "claim", step: "prepare", writer }, { name: "prepare", epoch: writer.epoch });
    } else {
      this.askFor({ name: "claim", step: "give-back", writer }, { kind: "give-back", writer });
    }
  }

  /** Writes `sync`, then lets commits wait as the answer says: off only by an answer (W5). */
  private settle(store: Store, set: SyncSet): void {
    this.putSync({ name: "settle", step: "put" }, store, set);
  }

  private putSync(step: Work, store: Store, sync: SyncSet): void {
    const writer = this.mine();
    if (writer === null || store.sync === null) return;
    this.askFor(step, { kind: "put-sync", writer, syncRevision: store.sync.revision, sync });
  }

  /** The step under way has ended: the next one, or none. `store`: what etcd answered, where it was asked. */
  private carryOn(done: boolean, store: Store | null): void {
    const step = this.state.work?.step as Work;
    this.set({ work: null });
    switch (step.name) {
      case "fence":
      case "close":
        return;
      case "reopen":
        this.carryOnOpening(step, done, store);
        return;
      case "claim":
        this.carryOnClaim(step, done, store);
        return;
      case "receive":
        if (step.step === "leave" && done)
          this.begin({ name: "receive", step: "start" }, { name: "receive" });
        return;
      case "settle":
        this.carryOnSettling(step, done, store);
        return;
      case "add":
        this.carryOnAdding(step, done, store);
    }
  }

  private carryOnOpening(
    { step, writer }: Work & { name: "reopen" },
    done: boolean,
    store: Store | null,
  ): void {
    if (step === "put" && done && store !== null) this.open("reopen", writer, store);
  }

  /** The wait as the answer's set has it; the database opens on no other word (W7). */
  private open(name: "reopen" | "claim", writer: Writer, store: Store): void {
    // The answer may have come to a host that slept since.
    if (store.sync === null || !this.isHeld(writer.epoch, this.config.softMs)) return;
    const regions = waitsOf(this.config, this.durability(store), store.sync.value);
    this.begin({ name, step: "open", writer }, { name: "open", epoch: writer.epoch, regions });
  }

  private carryOnClaim(work: Work & { name: "claim" }, done: boolean, store: Store | null): void {
    const { step, writer } = work;
    const { region } = this.config;
    if (step === "claim" && done) {
      this.begin({ name: "claim", step: "prepare", writer }, { name: "prepare", epoch: writer.epoch });
    } else if (step === "prepare") {
      const known = this.state.store;
      if (!done) this.askFor({ ...work, step: "give-back" }, { kind: "give-back", writer });
      // Only now: a set of this region alone before the apply was proved would keep everybody else out (W6, W7).
      else if (known?.sync?.value.regions.includes(region))
        this.putSync({ ...work, step: "put" }, known, { regions: [region], joined: false });
    } else if (step === "put" && done && store !== null) {
      this.open("claim", writer, store);
    }
  }

  private carryOnSettling(work: Work & { name: "settle" }, done: boolean, store: Store | null): void {
    const facts = this.state.facts;
    if (work.step === "put") {
      this.set({ waits: null });
      if (!done || facts === null || !store?.sync) return;
      const regions = waitsOf(this.config, this.durability(store), store.sync.value);
      this.begin({ name: "settle", step: "wait", regions }, { name: "sync", epoch: facts.epoch, regions });
    } else if (done) {
      this.set({ waits: work.regions });
    }
  }

  /** W5: the wait is on, then `sync` is read, then a marker is there, then added, comparing what was read. */
  private carryOnAdding(work: Work & { name: "add" }, done: boolean, store: Store | null): void {
    const { region } = work;
    const facts = this.state.facts;
    this.set({ waits: null });
    if (!done || facts === null) return;
    switch (work.step) {
      case "wait":
        this.askFor({ ...work, step: "look" }, null);
        return;
      case "look":
        if (!store?.sync) return;
        this.begin({ ...work, step: "mark", read: store.sync }, { name: "mark", epoch: facts.epoch, region });
        return;
      case "mark": {
        const writer = this.mine();
        if (writer === null) return;
        const { value, revision } = work.read;
        const sync = { ...withRegion(value, region), joined: true };
        this.askFor({ ...work, step: "put" }, { kind: "put-sync", writer, syncRevision: revision, sync });
        return;
      }
      case "put":
        if (store?.sync) this.set({ waits: waitsOf(this.config, this.durability(store), store.sync.value) });
    }
  }

  private durability(store: Store): Durability {
    return store.durability ?? this.config.durability;
  }

  /** Gate and port closed long ago; a keeper that has just begun has as long to renew. */
  private isOutOfTime(epoch: number): boolean {
    const begunMs = this.nowMs - (this.state.startedMs ?? this.nowMs);
    return begunMs >= this.config.hardMs && !this.isHeld(epoch, this.config.hardMs);
  }

  /** Whether the lease at that epoch was renewed within so long. */
  private isHeld(epoch: number, withinMs: number): boolean {
    const { renewed } = this.state;
    const writer = { region: this.config.region, epoch };
    return renewed !== null && sameWriter(renewed.writer, writer) && this.nowMs - renewed.sentMs < withinMs;
  }

  private isOpenAs(writer: Writer): boolean {
    const { facts } = this.state;
    return facts !== null && facts.role === "active" && facts.epoch === writer.epoch;
  }

  private askFor(step: Work, change: Change | null): void {
    const id = this.newId();
    this.set({ work: { id, sentMs: this.nowMs, step } });
    this.effects.push({ do: "ask", id, change });
  }

  private begin(step: Work, verb: Verb): void {
    const id = this.newId();
    this.set({ work: { id, sentMs: this.nowMs, step } });
    this.effects.push({ do: "run", id, verb });
  }

  private newId(): number {
    const id = this.state.nextId;
    this.set({ nextId: id + 1 });
    return id;
  }

  private set(change: Partial<KeeperState>): void {
    this.state = { ...this.state, ...change };
  }
}

const asking = new Set(["put", "claim", "give-back", "leave", "look"]);

/** Of a verb the end is always told; an answer may be lost. */
function isAsking(work: Work): boolean {
  return "step" in work && asking.has(work.step);
}
