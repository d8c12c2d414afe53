import type { Writer } from "../../../automation/keeper/store.ts";
import type { Entry } from "./database.ts";
import type { ModelEtcd } from "./etcd.ts";
import type { Host } from "./host.ts";
import type { WorldOptions } from "./options.ts";
import type { Timeline } from "./timeline.ts";

export interface Violation {
  what: string;
  atMs: number;
}

/** So long after it was put, and after the last trouble, another durability must be in force. */
const inForceMs = 15_000;

/** What must never happen. The judge alone knows all that people were told. */
export class Judge {
  readonly violations: Violation[] = [];
  /** Acknowledged to a client. */
  readonly acknowledged: number[] = [];
  lastAckMs = 0;
  private readonly timeline: Timeline;
  private readonly options: WorldOptions;
  private readonly etcd: ModelEtcd;
  /** What a second region has received at some time. */
  private readonly received = new Set<number>();
  /** `strict` since then, as etcd has it; null: it is not. */
  private strictSinceMs: number | null = Number.NEGATIVE_INFINITY;
  private troubledMs = 0;
  /** Every lease that was granted, and those at which a standby was in `sync` once the database was open. */
  private readonly granted = new Set<string>();
  private readonly joined = new Set<string>();
  private lease: string | null = null;
  /** The newest epoch at which somebody could be told of a write. */
  private newestOpened = 1;

  constructor(timeline: Timeline, options: WorldOptions, etcd: ModelEtcd) {
    this.timeline = timeline;
    this.options = options;
    this.etcd = etcd;
  }

  /** A database opens with all that was acknowledged. Judged at the first moment at which it could take a write. */
  seeOpening(host: Host): void {
    const { region, epoch, log } = host.database;
    if (!host.isOpen() || epoch <= this.newestOpened) return;
    this.timeline.note(`${region} open at ${epoch}`);
    this.newestOpened = epoch;
    const there = new Set(log.map(({ id }) => id));
    const lost = this.acknowledged.filter((id) => !there.has(id));
    if (lost.length > 0)
      this.violate(`${region} opens at epoch ${epoch} without ${lost.length} acknowledged writes`);
  }

  /** Something befell the site just now. */
  seeTrouble(): void {
    this.troubledMs = this.timeline.nowMs;
  }

  seeReceived(entries: readonly Entry[]): void {
    for (const { id } of entries) this.received.add(id);
  }

  /**
   * A keeper takes another region's place by itself neither in `async` nor while it is paused. What is vacant, and was its
   * own, it may have back.
   */
  seeClaim({ region, keeper: { store, facts } }: Host): void {
    const isItsOwn = store?.writer === null && facts?.role !== "standby";
    const durability = store?.durability ?? this.options.durability;
    if (isItsOwn || (durability !== "async" && store?.paused !== true)) return;
    this.violate(`${region} promotes itself, ${store?.paused ? "paused" : "in async"}`);
  }

  /** Nothing is acknowledged once a newer epoch was opened, nor in `strict` what one region alone has. */
  seeAcknowledged(host: Host, id: number): void {
    const { region, epoch } = host.database;
    if (this.isStrict(host) && !this.received.has(id))
      this.violate(`${region} acknowledges in strict what it alone has`);
    this.acknowledged.push(id);
    this.lastAckMs = this.timeline.nowMs;
    if (epoch < this.newestOpened && this.options.brokenClocks !== true)
      this.violate(`${region} acknowledges at epoch ${epoch} after ${this.newestOpened} was opened`);
  }

  /** Whether `strict` is in force there: a standby has been there, and the keeper has had the time to do as it heard. */
  private isStrict({ region, keeper: { store } }: Host): boolean {
    const writer = store?.writer?.value;
    if (writer?.region !== region || !this.joined.has(this.leaseOf(writer))) return false;
    if ((store?.durability ?? this.options.durability) !== "strict" || this.strictSinceMs === null)
      return false;
    const since = this.strictSinceMs;
    return since < 0 || this.timeline.nowMs - Math.max(since, this.troubledMs) >= inForceMs;
  }

  /** An epoch is granted once, as long as etcd is the same one. */
  seeLease(hosts: ReadonlyMap<string, Host>): void {
    const writer = this.etcd.store.writer?.value ?? null;
    const lease = writer === null ? null : this.leaseOf(writer);
    if (writer !== null && lease !== null) {
      const epoch = `${this.etcd.history}: ${writer.epoch}`;
      if (lease !== this.lease && this.granted.has(epoch))
        this.violate(`epoch ${writer.epoch} is granted twice`);
      this.granted.add(epoch);
      const { database } = hosts.get(writer.region) as Host;
      const isAlone = (this.etcd.store.sync?.value.regions.length ?? 0) < 2;
      if (database.open && database.epoch === writer.epoch && !isAlone) this.joined.add(lease);
    }
    this.lease = lease;
  }

  private leaseOf({ region, epoch }: Writer): string {
    return `${this.etcd.history}: ${region} at ${epoch}`;
  }

  /** Every running member of `sync` that may be promoted holds all that was acknowledged. */
  checkSync(hosts: ReadonlyMap<string, Host>): void {
    const { store } = this.etcd;
    const isStrict = (store.durability ?? this.options.durability) === "strict";
    this.strictSinceMs = isStrict ? (this.strictSinceMs ?? this.timeline.nowMs) : null;
    for (const region of store.sync?.value.regions ?? []) {
      const { database } = hosts.get(region) as Host;
      // One that was started and has not left the set yet is not promoted: it leaves first (W8).
      const wasActive = database.role === "active" || database.fenced?.was === "active";
      if (!database.running || (!wasActive && database.receivesFrom === null)) continue;
      const there = new Set(database.held().map(({ id }) => id));
      const lost = this.acknowledged.find((id) => !there.has(id));
      if (lost !== undefined) {
        this.violate(`${region} is in sync without the acknowledged write ${lost}`);
        return;
      }
    }
  }

  /** People can write in one region at a time. */
  checkAlone(hosts: ReadonlyMap<string, Host>): void {
    if (this.options.brokenClocks === true) return;
    const open = [...hosts.values()].filter((host) => host.state === "up" && host.isOpen());
    if (open.length > 1) this.violate(`${open.map(({ region }) => region).join(" and ")} are open at once`);
  }

  violate(what: string): void {
    this.violations.push({ what, atMs: this.timeline.nowMs });
    this.timeline.note(`VIOLATION ${what}`);
  }
}
