import type { Store } from "../../../automation/keeper/store.ts";
import type { Host } from "./host.ts";
import type { WorldOptions } from "./options.ts";
import type { Timeline } from "./timeline.ts";

export interface Violation {
  what: string;
  atMs: number;
}

/** What must never happen. The judge alone knows all that people were told. */
export class Judge {
  readonly violations: Violation[] = [];
  /** Acknowledged to a client. */
  readonly acknowledged: number[] = [];
  lastAckMs = 0;
  private readonly timeline: Timeline;
  private readonly options: WorldOptions;
  /** The newest epoch at which somebody could be told of a write. */
  private newestOpened = 1;

  constructor(timeline: Timeline, options: WorldOptions) {
    this.timeline = timeline;
    this.options = options;
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

  /** Nothing is acknowledged once a newer epoch was opened. */
  seeAcknowledged({ database: { region, epoch } }: Host, id: number): void {
    this.acknowledged.push(id);
    this.lastAckMs = this.timeline.nowMs;
    if (epoch < this.newestOpened && this.options.brokenClocks !== true)
      this.violate(`${region} acknowledges at epoch ${epoch} after ${this.newestOpened} was opened`);
  }

  /** Every running member of `sync` that may be promoted holds all that was acknowledged. */
  checkSync(store: Store, hosts: ReadonlyMap<string, Host>): void {
    if (store.durability === "async" || this.options.durability === "async") return;
    for (const region of store.sync?.value.regions ?? []) {
      const { database } = hosts.get(region) as Host;
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

  /** People can write in one region at a time. */
  checkAlone(hosts: ReadonlyMap<string, Host>): void {
    if (this.options.brokenClocks === true) return;
    const open = [...hosts.values()].filter((host) => host.state === "up" && host.isOpen());
    if (open.length > 1) this.violate(`${open.map(({ region }) => region).join(" and ")} are open at once`);
  }

  private violate(what: string): void {
    this.violations.push({ what, atMs: this.timeline.nowMs });
    this.timeline.note(`VIOLATION ${what}`);
  }
}
