import {
  type Event,
  firstState,
  type KeeperConfig,
  type KeeperState,
  type Verb,
} from "../../../automation/keeper/state.ts";
import { ModelDatabase } from "./database.ts";
import { keeperConfig } from "./keeper-config.ts";
import type { HostRule, WorldOptions } from "./options.ts";
import type { Timeline } from "./timeline.ts";

/** A verb under way. */
export interface Running {
  id: number;
  verb: Verb;
  endsMs: number;
  /** Position of a marker that was committed. */
  marker: number | null;
  deadlineMs: number;
  /** The database's, as the verb began. */
  incarnation: number;
}

/** A region's database host: its clock, its power, its port, its database, and its keeper with what it is told. */
export class Host {
  readonly region: string;
  readonly config: KeeperConfig;
  readonly database: ModelDatabase;
  state: "up" | "paused" | "off" = "up";
  portUntilMs = 0;
  verbs: Running[] = [];
  /** A database that was killed is started again then, as systemd does. */
  restartsMs = 0;
  // The keeper: what it knows, what it is told once the host is awake, and when it is told something again.
  keeper: KeeperState = firstState;
  inbox: Event[] = [];
  /** What the database said, on its way to the keeper. */
  feed: { atMs: number; event: Event }[] = [];
  keeperStartsMs = 0;
  nextTickMs: number;
  nextFactsMs: number;
  // Troubles, and how long they last.
  slowReplicaUntilMs = 0;
  slowApplyUntilMs = 0;
  slowVerbsUntilMs = 0;
  noEtcdUntilMs = 0;
  lateUntilMs = 0;
  lostUntilMs = 0;
  answersLateMs = 0;
  factsLateMs = 0;
  private readonly timeline: Timeline;
  private readonly options: WorldOptions;
  /** The host's own clock is this many times the true one. */
  private readonly rate: number;

  constructor(timeline: Timeline, region: string, options: WorldOptions) {
    const peers = options.regions.filter((one) => one !== region);
    const { random } = timeline;
    this.timeline = timeline;
    this.options = options;
    this.region = region;
    this.config = keeperConfig(region, peers, options.durability);
    this.database = new ModelDatabase(region, peers);
    this.rate = 1 + (random.next() * 2 - 1) * options.drift;
    this.nextTickMs = random.between(0, 100);
    this.nextFactsMs = random.between(0, 200);
  }

  lacks(rule: HostRule): boolean {
    return this.options.without?.includes(rule) ?? false;
  }

  /** True time as this host's clock has it. */
  clock(): number {
    return Math.floor(this.timeline.nowMs * this.rate);
  }

  portIsOpen(): boolean {
    if (this.options.brokenClocks === true || this.lacks("port closes by itself")) return true;
    return this.clock() < this.portUntilMs;
  }

  /** Whether the database accepts writes, and somebody could send it one. */
  isOpen(): boolean {
    return this.database.running && this.database.open && this.portIsOpen();
  }

  pause(): void {
    if (this.state === "up") this.state = "paused";
  }

  resume(): void {
    if (this.state === "paused") this.state = "up";
  }

  powerOff(): void {
    this.state = "off";
    this.database.stop();
    this.verbs = [];
    this.inbox = [];
    this.feed = [];
    this.portUntilMs = 0;
  }

  powerOn(): void {
    if (this.state !== "off") return;
    this.state = "up";
    this.startDatabase();
    this.startKeeper(500);
  }

  killKeeper(): void {
    if (this.state !== "up") return;
    if (!this.lacks("a killed keeper's verbs die with it")) this.verbs = [];
    this.startKeeper(this.timeline.random.between(200, 4000));
  }

  killDatabase(): void {
    if (this.state !== "up") return;
    this.database.stop();
    this.restartsMs = this.timeline.nowMs + this.timeline.random.between(300, 6000);
  }

  /** Hard: closed, whatever it did, and for good where an operator did it. */
  fence(by: "keeper" | "operator"): void {
    if (this.state !== "up") return;
    this.database.fence(by);
    this.portUntilMs = 0;
  }

  /** Starts a database that was killed, once it is time. */
  restartDatabase(): void {
    if (!this.database.running && this.timeline.nowMs >= this.restartsMs) this.startDatabase();
  }

  /** Awake, on, and without any trouble. */
  heal(): void {
    this.resume();
    this.powerOn();
    this.slowReplicaUntilMs = 0;
    this.slowApplyUntilMs = 0;
    this.slowVerbsUntilMs = 0;
    this.noEtcdUntilMs = 0;
    this.lateUntilMs = 0;
    this.lostUntilMs = 0;
    this.answersLateMs = 0;
    this.factsLateMs = 0;
  }

  private startDatabase(): void {
    const { database } = this;
    database.start();
    if (this.lacks("a boot waits")) database.waits = [];
    if (this.lacks("a boot is read-only") && database.role === "active") {
      database.open = true;
      database.ackers = database.waits;
      this.portUntilMs = Number.POSITIVE_INFINITY;
    }
  }

  private startKeeper(afterMs: number): void {
    this.keeper = firstState;
    this.inbox = [];
    this.feed = [];
    this.keeperStartsMs = this.timeline.nowMs + afterMs;
  }
}
