import { decide } from "../../automation/keeper/decide.ts";
import {
  type Effect,
  type Event,
  firstState,
  type KeeperConfig,
  type KeeperState,
  type Verb,
} from "../../automation/keeper/state.ts";
import { type Change, type Durability, transactionOf } from "../../automation/keeper/store.ts";
import { ModelDatabase } from "./database.ts";
import { ModelEtcd } from "./etcd.ts";
import { type Random, randomFrom } from "./random.ts";

/** One step of the world, true time. Milliseconds. */
export const stepMs = 50;
const third = "third";

/** What of the keeper is under test. */
export interface Keeper {
  decide: typeof decide;
  transactionOf: typeof transactionOf;
}

export interface WorldOptions {
  seed: number;
  regions: readonly string[];
  durability: Durability;
  /** How far a host's clock may run ahead or behind. */
  drift: number;
  /** The keeper's own functions, or some with a rule taken out of them. */
  keeper?: Keeper;
  /** Rules of the hosts that are taken out. */
  without?: readonly HostRule[];
  armed?: boolean;
  /**
   * Clocks that can't be trusted: no port closes in time. Two regions may then be open at once, but nothing that was
   * acknowledged may be lost all the same: no rule about lost writes depends on a clock.
   */
  brokenClocks?: boolean;
}

/** A change on its way that is held up until it is let go. */
export interface Held {
  release(): void;
  seen: boolean;
}

/** Rules that `evenkeel-db` and its host keep, not the keeper's own decisions. */
export type HostRule =
  | "port closes by itself"
  | "stopping to receive before the apply"
  | "everything received is applied before the role"
  | "a killed keeper's verbs die with it"
  | "who acknowledges is said by name"
  | "a boot waits"
  | "a boot is read-only"
  | "a verb minds its epoch"
  | "a marker is seen to wait";

/** What is done to the world at a moment. */
export type Fault =
  | { kind: "cut"; from: string; to: string }
  | { kind: "heal" }
  | { kind: "pause" | "resume" | "off" | "on"; region: string }
  | { kind: "kill-keeper" | "kill-database" | "slow-replica" | "slow-apply" | "slow-verbs"; region: string }
  /** Its hosts reach no member of etcd, but each other's databases. */
  | { kind: "no-etcd"; region: string; forMs: number }
  /** Every answer of etcd takes so long to get there. */
  | { kind: "answers-late"; region: string; byMs: number }
  | { kind: "durability"; to: Durability }
  | { kind: "messages-late" | "answers-lost"; region: string; forMs: number };

interface Message {
  atMs: number;
  deliver(): void;
}

interface Running {
  id: number;
  verb: Verb;
  endsMs: number;
  /** Position of a marker that was committed. */
  marker: number | null;
  deadlineMs: number;
  incarnation: number;
}

interface Host {
  config: KeeperConfig;
  database: ModelDatabase;
  /** The host's own clock is this many times the true one. */
  rate: number;
  state: "up" | "paused" | "off";
  keeper: KeeperState;
  keeperStartsMs: number;
  portUntilMs: number;
  verbs: Running[];
  /** Told to the keeper when the host is awake. */
  inbox: Event[];
  /** A database that was killed is started again then, as systemd does. */
  restartsMs: number;
  nextTickMs: number;
  nextFactsMs: number;
  slowReplicaUntilMs: number;
  slowApplyUntilMs: number;
  noEtcdUntilMs: number;
  answersLateMs: number;
  slowVerbsUntilMs: number;
  lateUntilMs: number;
  lostUntilMs: number;
}

export interface Violation {
  what: string;
  atMs: number;
}

/** The hosts of a site, their network, an etcd and people who write; everything but the keeper's decisions is made up. */
export class World {
  readonly hosts = new Map<string, Host>();
  readonly etcd: ModelEtcd;
  readonly violations: Violation[] = [];
  readonly trace: string[] = [];
  nowMs = 0;
  /** Acknowledged to a client. */
  readonly acknowledged: number[] = [];
  lastAckMs = 0;
  private readonly options: WorldOptions;
  private readonly random: Random;
  private readonly keeper: Keeper;
  private readonly cuts = new Set<string>();
  private messages: Message[] = [];
  private holds: {
    region: string;
    matches: (change: Change) => boolean;
    take: (arrive: () => void) => void;
  }[] = [];
  private nextTransaction = 1;
  private newestOpened = 1;

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = randomFrom(options.seed);
    this.keeper = options.keeper ?? { decide, transactionOf };
    const [first] = options.regions as [string];
    const members = options.durability === "async" ? [first] : options.regions.slice(0, 2);
    this.etcd = new ModelEtcd({ region: first, epoch: 1 }, [...members].sort(), this.keeper.transactionOf);
    for (const region of options.regions) this.hosts.set(region, this.makeHost(region));
    const writer = this.host(first).database;
    writer.role = "active";
    writer.open = true;
    writer.waits = members.filter((one) => one !== first);
    writer.ackers = writer.waits;
    this.host(first).portUntilMs = 2000;
    for (const region of options.regions.slice(1)) this.host(region).database.receivesFrom = first;
  }

  host(region: string): Host {
    return this.hosts.get(region) as Host;
  }

  private makeHost(region: string): Host {
    const { regions, durability, drift, armed } = this.options;
    const peers = regions.filter((one) => one !== region);
    return {
      config: {
        region,
        peers,
        leaseMs: 2400,
        renewMs: 200,
        softMs: 2200,
        hardMs: 8000,
        answerMs: 1000,
        boundedWaitMs: 2000,
        restartMs: 3000,
        addAgainMs: 5000,
        durability,
        mostAckers: 1,
        armed: armed ?? true,
      },
      database: new ModelDatabase(region, peers),
      rate: 1 + (this.random.next() * 2 - 1) * drift,
      state: "up",
      keeper: firstState,
      keeperStartsMs: 0,
      portUntilMs: 0,
      verbs: [],
      inbox: [],
      restartsMs: 0,
      nextTickMs: this.random.between(0, 100),
      nextFactsMs: this.random.between(0, 200),
      slowReplicaUntilMs: 0,
      slowApplyUntilMs: 0,
      noEtcdUntilMs: 0,
      answersLateMs: 0,
      slowVerbsUntilMs: 0,
      lateUntilMs: 0,
      lostUntilMs: 0,
    };
  }

  private lacks(rule: HostRule): boolean {
    return this.options.without?.includes(rule) ?? false;
  }

  /** True time as this host's clock has it. */
  private clock(host: Host): number {
    return Math.floor(this.nowMs * host.rate);
  }

  step(): void {
    this.nowMs += stepMs;
    this.deliver();
    for (const host of this.hosts.values()) {
      if (host.state !== "up") continue;
      if (!host.database.running && this.nowMs >= host.restartsMs) this.startDatabase(host);
      this.runVerbs(host);
      this.runKeeper(host);
    }
    for (const host of this.hosts.values()) this.replicate(host);
    for (const host of this.hosts.values()) {
      this.noteOpened(host);
      this.write(host);
    }
    this.check();
    this.checkAlone();
  }

  /** Holds up every change of a kind by a region until it is released: they are on their way meanwhile. */
  hold(region: string, matches: (change: Change) => boolean): Held {
    const waiting: (() => void)[] = [];
    const held = {
      region,
      matches,
      seen: false,
      take: (arrive: () => void) => {
        held.seen = true;
        waiting.push(arrive);
      },
      release: () => {
        this.holds = this.holds.filter((one) => one !== held);
        for (const arrive of waiting) arrive();
      },
    };
    this.holds.push(held);
    return held;
  }

  /** Runs until it is so. Throws where that does not come about: the script is wrong then. */
  runUntil(what: string, isSo: () => boolean, mostMs = 30_000): void {
    for (const end = this.nowMs + mostMs; !isSo(); ) {
      if (this.nowMs >= end)
        throw new Error(`never came about: ${what}\n${this.trace.slice(-30).join("\n")}`);
      this.step();
    }
  }

  runFor(durationMs: number): void {
    for (const end = this.nowMs + durationMs; this.nowMs < end; ) this.step();
  }

  // ── faults ──

  fault(fault: Fault): void {
    this.trace.push(`${this.nowMs} ${JSON.stringify(fault)}`);
    switch (fault.kind) {
      case "cut":
        this.cuts.add(`${fault.from}>${fault.to}`);
        return;
      case "heal":
        this.healAll();
        return;
      case "pause":
        if (this.host(fault.region).state === "up") this.host(fault.region).state = "paused";
        return;
      case "resume":
        if (this.host(fault.region).state === "paused") this.host(fault.region).state = "up";
        return;
      case "off":
        this.powerOff(this.host(fault.region));
        return;
      case "on":
        this.powerOn(this.host(fault.region));
        return;
      case "kill-keeper":
        this.killKeeper(this.host(fault.region));
        return;
      case "kill-database":
        this.killDatabase(this.host(fault.region));
        return;
      case "slow-replica":
        this.host(fault.region).slowReplicaUntilMs = this.nowMs + 4000;
        return;
      case "slow-apply":
        this.host(fault.region).slowApplyUntilMs = this.nowMs + 8000;
        return;
      case "no-etcd":
        this.host(fault.region).noEtcdUntilMs = this.nowMs + fault.forMs;
        return;
      case "answers-late":
        this.host(fault.region).answersLateMs = fault.byMs;
        return;
      case "slow-verbs":
        this.host(fault.region).slowVerbsUntilMs = this.nowMs + 6000;
        return;
      case "durability":
        this.etcd.store = {
          ...this.etcd.store,
          durability: fault.to,
          revision: this.etcd.store.revision + 1,
        };
        return;
      case "messages-late":
        this.host(fault.region).lateUntilMs = this.nowMs + fault.forMs;
        return;
      case "answers-lost":
        this.host(fault.region).lostUntilMs = this.nowMs + fault.forMs;
    }
  }

  /**
   * What an operator does once all is up again: a fenced region follows whoever writes, from a copy where its own history
   * is not contained in the writer's (W9).
   */
  reinstate(): void {
    const writer = this.etcd.store.writer?.value.region;
    const source = writer === undefined ? undefined : this.host(writer).database;
    for (const { database } of this.hosts.values()) {
      if (source === undefined || source === database || !source.open || database.role === "active") continue;
      const isContained = database.isContainedIn(source.log);
      if (database.role === "standby" && isContained) continue;
      if (!isContained) database.log = [...source.log];
      database.received = [];
      database.receivesFrom = null;
      database.role = "standby";
      database.epoch = source.epoch;
    }
  }

  private healAll(): void {
    this.cuts.clear();
    for (const host of this.hosts.values()) {
      if (host.state === "paused") host.state = "up";
      if (host.state === "off") this.powerOn(host);
      host.lateUntilMs = 0;
      host.lostUntilMs = 0;
      host.slowReplicaUntilMs = 0;
      host.slowApplyUntilMs = 0;
      host.noEtcdUntilMs = 0;
      host.answersLateMs = 0;
      host.slowVerbsUntilMs = 0;
    }
  }

  private powerOff(host: Host): void {
    host.state = "off";
    host.database.stop();
    host.verbs = [];
    host.inbox = [];
    host.portUntilMs = 0;
  }

  private powerOn(host: Host): void {
    if (host.state !== "off") return;
    host.state = "up";
    this.startDatabase(host);
    this.startKeeper(host, 500);
  }

  private startDatabase(host: Host): void {
    const { database } = host;
    database.start();
    if (this.lacks("a boot waits")) database.waits = [];
    if (this.lacks("a boot is read-only") && database.role === "active") {
      database.open = true;
      database.ackers = database.waits;
      host.portUntilMs = Number.POSITIVE_INFINITY;
    }
  }

  private startKeeper(host: Host, afterMs: number): void {
    host.keeper = firstState;
    host.inbox = [];
    host.keeperStartsMs = this.nowMs + afterMs;
  }

  private killKeeper(host: Host): void {
    if (host.state !== "up") return;
    if (!this.lacks("a killed keeper's verbs die with it")) host.verbs = [];
    this.startKeeper(host, this.random.between(200, 4000));
  }

  private killDatabase(host: Host): void {
    if (host.state !== "up") return;
    host.database.stop();
    host.restartsMs = this.nowMs + this.random.between(300, 6000);
  }

  // ── network ──

  private connected(one: string, other: string): boolean {
    return !this.cuts.has(`${one}>${other}`) && !this.cuts.has(`${other}>${one}`);
  }

  private places(): string[] {
    return [...this.hosts.keys(), third];
  }

  /** Whether a keeper at that place finds a member that is with a majority. Members are on other hosts than databases. */
  private hasQuorum(place: string): boolean {
    if (this.nowMs < (this.hosts.get(place)?.noEtcdUntilMs ?? 0)) return false;
    const places = this.places().slice(-3);
    const members = this.options.regions.length >= 3 ? this.options.regions : places;
    return members.some(
      (member) =>
        (member === place || this.connected(place, member)) &&
        members.filter((one) => one === member || this.connected(member, one)).length * 2 > members.length,
    );
  }

  private deliver(): void {
    const due = this.messages.filter(({ atMs }) => atMs <= this.nowMs);
    this.messages = this.messages.filter(({ atMs }) => atMs > this.nowMs);
    for (const message of due) message.deliver();
  }

  private send(afterMs: number, deliver: () => void): void {
    this.messages.push({ atMs: this.nowMs + afterMs, deliver });
  }

  private ask(host: Host, id: number, change: Change | null): void {
    const { region } = host.config;
    const late = this.nowMs < host.lateUntilMs && change !== null && change.kind !== "renew";
    const there = late ? this.random.between(1000, 4000) : this.random.between(1, 60);
    const lost = this.nowMs < host.lostUntilMs && change !== null && change.kind !== "renew";
    const holder = this.holds.find((one) => change !== null && one.region === region && one.matches(change));
    const arrive = () => {
      // A message that is late is on its way already: what is cut now does not call it back.
      if (!late && holder === undefined && !this.hasQuorum(region)) return;
      const done = change === null || this.etcd.apply(change);
      const { store } = this.etcd;
      if (change !== null && change.kind !== "renew")
        this.trace.push(`${this.nowMs} ${region} ${JSON.stringify(change)} → ${done ? "done" : "refused"}`);
      this.send(this.random.between(1, 60) + host.answersLateMs, () => {
        if (lost || !this.hasQuorum(region) || host.state === "off") return;
        host.inbox.push({ is: "answer", id, outcome: done ? "done" : "refused", store });
      });
    };
    if (holder === undefined) this.send(there, arrive);
    else holder.take(arrive);
  }

  // ── keeper ──

  private runKeeper(host: Host): void {
    if (this.nowMs < host.keeperStartsMs) return;
    const events = host.inbox;
    host.inbox = [];
    for (const event of events) this.tell(host, event);
    if (this.nowMs >= host.nextFactsMs) {
      host.nextFactsMs = this.nowMs + 200;
      this.tell(host, { is: "facts", facts: this.factsOf(host), askedMs: this.clock(host) });
    }
    if (this.nowMs >= host.nextTickMs) {
      host.nextTickMs = this.nowMs + 100;
      this.tell(host, { is: "tick" });
    }
  }

  private tell(host: Host, event: Event): void {
    const { state, effects } = this.keeper.decide(host.config, host.keeper, event, this.clock(host));
    host.keeper = state;
    for (const effect of effects) this.carryOut(host, effect);
  }

  private carryOut(host: Host, effect: Effect): void {
    if (effect.do === "ask") this.ask(host, effect.id, effect.change);
    else if (effect.do === "port") host.portUntilMs = effect.untilMs;
    else this.begin(host, effect.id, effect.verb);
  }

  private factsOf({ database }: Host) {
    const { role, epoch, running, open } = database;
    const oldest = database.pending[0]?.sinceMs ?? this.nowMs;
    const followers = [...this.hosts.values()].filter(
      (other) =>
        other.database.receivesFrom === database.region &&
        this.canReplicate(other) &&
        other.database.isContainedIn(database.log),
    );
    return {
      role,
      epoch,
      mayReturn: role === "fenced",
      running,
      open: open && running,
      waitingMs: this.nowMs - oldest,
      followers: followers.map(({ config }) => config.region),
      receivesFrom: running ? database.receivesFrom : null,
    };
  }

  // ── verbs ──

  private begin(host: Host, id: number, verb: Verb): void {
    const slow = this.nowMs < host.slowVerbsUntilMs ? this.random.between(500, 4000) : 0;
    const endsMs = this.nowMs + this.random.between(50, 400) + slow;
    this.trace.push(`${this.nowMs} ${host.config.region} ${JSON.stringify(verb)}`);
    const { incarnation } = host.database;
    host.verbs.push({ id, verb, endsMs, marker: null, deadlineMs: endsMs + 2000, incarnation });
  }

  private runVerbs(host: Host): void {
    for (const running of host.verbs.filter(({ endsMs }) => endsMs <= this.nowMs)) {
      const ok = this.act(host, running);
      if (ok === null) continue;
      host.verbs = host.verbs.filter((one) => one !== running);
      host.inbox.push({ is: "ended", id: running.id, ok });
    }
  }

  /** Null: it goes on. */
  private act(host: Host, running: Running): boolean | null {
    const { database } = host;
    const { verb } = running;
    if (verb.name === "fence") {
      database.open = false;
      database.pending = [];
      database.role = "fenced";
      database.receivesFrom = null;
      host.portUntilMs = 0;
      return true;
    }
    if (!database.running || database.incarnation !== running.incarnation) return false;
    const minds = !this.lacks("a verb minds its epoch");
    const isActive =
      database.role === "active" && (!minds || !("epoch" in verb) || database.epoch === verb.epoch);
    switch (verb.name) {
      case "close":
        if (!isActive) return false;
        database.open = false;
        database.pending = [];
        return true;
      case "sync":
        if (!isActive || !database.open) return false;
        this.setWait(host, verb.regions);
        return true;
      case "reach":
        return isActive && this.factsOf(host).followers.includes(verb.region);
      case "mark":
        return isActive && database.open ? this.mark(host, running, verb.region) : false;
      case "receive":
        return this.receive(database);
      case "prepare":
        return this.prepare(database, verb.epoch);
      case "open":
        if (!isActive) return false;
        database.open = true;
        this.setWait(host, verb.regions);
        return true;
    }
  }

  private setWait(host: Host, regions: readonly string[]): void {
    const { database } = host;
    database.waits = regions;
    database.ackers = this.lacks("who acknowledges is said by name") ? database.peers : regions;
    for (const id of database.release()) this.tellClient(host, id);
  }

  private mark(host: Host, running: Running, region: string): boolean | null {
    const { database } = host;
    if (running.marker === null) {
      const id = this.nextTransaction++;
      if (database.commit(id, this.nowMs) === "done") return this.lacks("a marker is seen to wait");
      running.marker = database.log.length;
    }
    if ((database.acknowledged[region] ?? 0) >= running.marker) return true;
    return this.nowMs > running.deadlineMs ? false : null;
  }

  private receive(database: ModelDatabase): boolean {
    if (database.role !== "standby") return false;
    const source = this.etcd.store.writer?.value.region;
    if (source === undefined || source === database.region) return false;
    if (!database.isContainedIn(this.host(source).database.log)) return false;
    database.received = [];
    database.receivesFrom = source;
    return true;
  }

  private prepare(database: ModelDatabase, epoch: number): boolean {
    if (database.role === "unseeded") return false;
    if (epoch < database.epoch) return false;
    if (!this.lacks("stopping to receive before the apply")) database.receivesFrom = null;
    if (this.lacks("everything received is applied before the role")) database.received = [];
    database.apply();
    database.role = "active";
    database.epoch = epoch;
    database.open = false;
    return true;
  }

  /** From the first moment at which somebody could be told of a write. */
  private noteOpened(host: Host): void {
    const { database } = host;
    const { region, epoch } = database;
    if (!database.running || !database.open || !this.portIsOpen(host) || epoch <= this.newestOpened) return;
    this.trace.push(`${this.nowMs} ${region} open at ${epoch}`);
    this.newestOpened = epoch;
    const there = new Set(database.log.map(({ id }) => id));
    const lost = this.acknowledged.filter((id) => !there.has(id));
    if (lost.length > 0)
      this.violate(`${region} opens at epoch ${epoch} without ${lost.length} acknowledged writes`);
  }

  // ── replication ──

  private canReplicate(host: Host): boolean {
    const { database } = host;
    const from = database.receivesFrom;
    if (from === null || host.state !== "up" || !database.running) return false;
    const source = this.host(from);
    return source.state === "up" && source.database.running && this.connected(from, database.region);
  }

  private replicate(host: Host): void {
    const { database } = host;
    if (!this.canReplicate(host)) return;
    const source = this.host(database.receivesFrom as string).database;
    if (!database.isContainedIn(source.log)) return;
    const slow = this.nowMs < host.slowReplicaUntilMs;
    if (slow ? this.random.oneIn(20) : !this.random.oneIn(8)) {
      database.received.push(...source.log.slice(database.held().length));
    }
    const applies = this.nowMs >= host.slowApplyUntilMs && !slow;
    if (database.role === "standby" && applies && this.random.oneIn(3)) database.apply();
    const position = database.held().length;
    const { incarnation } = source;
    const to = this.host(source.region);
    this.send(this.random.between(0, 40), () => {
      if (to.state === "off" || source.incarnation !== incarnation) return;
      if (to.state === "paused") return;
      for (const id of source.acknowledge(database.region, position)) this.tellClient(to, id);
    });
  }

  // ── clients ──

  private portIsOpen(host: Host): boolean {
    if (this.options.brokenClocks === true || this.lacks("port closes by itself")) return true;
    return this.clock(host) < host.portUntilMs;
  }

  private write(host: Host): void {
    const { database } = host;
    if (host.state !== "up" || !database.running || !database.open || !this.portIsOpen(host)) return;
    if (!this.random.oneIn(4)) return;
    const id = this.nextTransaction++;
    if (database.commit(id, this.nowMs) === "done") this.tellClient(host, id);
  }

  private tellClient(host: Host, id: number): void {
    const { database } = host;
    if (host.state !== "up" || !this.portIsOpen(host)) return;
    this.acknowledged.push(id);
    this.lastAckMs = this.nowMs;
    if (database.epoch < this.newestOpened && this.options.brokenClocks !== true)
      this.violate(
        `${database.region} acknowledges at epoch ${database.epoch} after ${this.newestOpened} was opened`,
      );
  }

  // ── what must hold ──

  /** People can write in one region at a time. */
  private checkAlone(): void {
    if (this.options.brokenClocks === true) return;
    const open = [...this.hosts.values()].filter(
      (host) => host.state === "up" && host.database.running && host.database.open && this.portIsOpen(host),
    );
    if (open.length > 1)
      this.violate(`${open.map(({ config }) => config.region).join(" and ")} are open at once`);
  }

  private violate(what: string): void {
    this.violations.push({ what, atMs: this.nowMs });
    this.trace.push(`${this.nowMs} VIOLATION ${what}`);
  }

  /** Every running member of `sync` that may be promoted holds all that was acknowledged. */
  private check(): void {
    if (this.etcd.store.durability === "async" || this.options.durability === "async") return;
    for (const region of this.etcd.store.sync?.value.regions ?? []) {
      const { database } = this.host(region);
      // One that was started and has not left the set yet is not promoted: it leaves first (W8).
      if (database.role === "standby" && database.receivesFrom === null) continue;
      if (!database.running || database.role === "fenced") continue;
      const there = new Set(database.held().map(({ id }) => id));
      const lost = this.acknowledged.find((id) => !there.has(id));
      if (lost !== undefined) {
        this.violate(`${region} is in sync without the acknowledged write ${lost}`);
        return;
      }
    }
  }
}
