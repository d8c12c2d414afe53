import type { DatabaseFacts } from "../../../automation/keeper/state.ts";

/** A transaction in a log: its number, and the epoch at which it was written. */
export interface Entry {
  id: number;
  epoch: number;
}

/** A commit that waits for somebody else. */
interface Pending {
  id: number;
  sinceMs: number;
  /** Length of the log that whoever acknowledges it must have. */
  position: number;
}

/**
 * A region's database as its keeper and the others meet it: the log, what was received and not applied yet, the role, and
 * whom commits wait for. As MariaDB with AFTER_SYNC: a transaction is in the log before anybody acknowledges it.
 */
export class ModelDatabase {
  readonly region: string;
  readonly peers: readonly string[];
  // On the disk.
  log: Entry[] = [];
  received: Entry[] = [];
  role: DatabaseFacts["role"] = "unseeded";
  epoch = 0;
  /** What it was before it was fenced, and by whom it was. */
  fenced: { was: DatabaseFacts["role"]; by: "keeper" | "operator" } | null = null;
  // Gone with the server.
  running = true;
  open = false;
  waits: readonly string[];
  ackers: readonly string[];
  receivesFrom: string | null = null;
  pending: Pending[] = [];
  /** How far each region says it has received, of this server's log. */
  acknowledged: Record<string, number> = {};
  /** New at each start: what was meant for the one before does not reach it. */
  incarnation = 1;

  constructor(region: string, peers: readonly string[]) {
    this.region = region;
    this.peers = peers;
    this.waits = peers;
    this.ackers = [];
  }

  /** Everything that a promotion would keep. */
  held(): Entry[] {
    return [...this.log, ...this.received];
  }

  /** What a start finds: read-only, the wait on, nothing received (W1). With GTID, MariaDB throws the relay log away. */
  start(): void {
    this.running = true;
    this.incarnation += 1;
    this.open = false;
    this.waits = this.peers;
    this.ackers = [];
    this.receivesFrom = null;
    this.received = [];
    this.pending = [];
    this.acknowledged = {};
  }

  stop(): void {
    this.running = false;
    this.open = false;
    this.pending = [];
  }

  /** A host that holds nothing has no role to lose; what an operator fenced stays so when its keeper does it as well. */
  fence(by: "keeper" | "operator"): void {
    if (this.role === "unseeded") return;
    const before = this.role === "fenced" ? this.fenced : null;
    this.fenced = { was: before?.was ?? this.role, by: before?.by === "operator" ? "operator" : by };
    this.role = "fenced";
    this.open = false;
    this.pending = [];
    this.receivesFrom = null;
  }

  /** It was the active one, and its keeper alone closed it. */
  mayReturn(): boolean {
    return this.role === "fenced" && this.fenced?.was === "active" && this.fenced.by === "keeper";
  }

  /** What `follow` and `seed` leave behind. */
  join(source: string, epoch: number): void {
    this.role = "standby";
    this.fenced = null;
    this.epoch = epoch;
    this.receivesFrom = source;
    this.open = false;
    this.pending = [];
  }

  /** The role of a writer, closed: its keeper opens. */
  lead(epoch: number): void {
    this.role = "active";
    this.fenced = null;
    this.epoch = epoch;
    this.receivesFrom = null;
    this.open = false;
  }

  commit(id: number, nowMs: number): "waits" | "done" {
    this.log.push({ id, epoch: this.epoch });
    if (this.waits.length === 0) return "done";
    this.pending.push({ id, sinceMs: nowMs, position: this.log.length });
    return "waits";
  }

  /** A region says how far it has received. Commits that nobody is waited for any more, as their numbers. */
  acknowledge(region: string, position: number): number[] {
    if (!this.ackers.includes(region)) return [];
    this.acknowledged[region] = Math.max(this.acknowledged[region] ?? 0, position);
    return this.release();
  }

  release(): number[] {
    // As MariaDB has it: of any one that acknowledges.
    const done = this.pending.filter(
      ({ position }) =>
        this.waits.length === 0 || this.ackers.some((region) => (this.acknowledged[region] ?? 0) >= position),
    );
    this.pending = this.pending.filter((one) => !done.includes(one));
    return done.map(({ id }) => id);
  }

  apply(): void {
    this.log.push(...this.received);
    this.received = [];
  }

  /** Whether all of this host's log is in the other's. */
  isContainedIn(other: readonly Entry[]): boolean {
    const own = this.held();
    return own.length <= other.length && own.every(({ id }, i) => other[i]?.id === id);
  }
}
