import { type Store, type Writer } from "../../../automation/keeper/store.ts";
import type { ModelDatabase } from "./database.ts";
import type { ModelEtcd } from "./etcd.ts";
import type { Host } from "./host.ts";
import type { Judge } from "./judge.ts";
import type { WorldOptions } from "./options.ts";
import type { Timeline } from "./timeline.ts";

/** A lease that is vacant for so long is nobody's who could take it by itself. */
const vacantMs = 6000;

/** What people do with `evenkeel-db` where no keeper does it by itself. Each asks what the verb itself would ask. */
export class Operator {
  private readonly timeline: Timeline;
  private readonly etcd: ModelEtcd;
  private readonly hosts: ReadonlyMap<string, Host>;
  private readonly judge: Judge;
  private readonly options: WorldOptions;
  private vacantSinceMs: number | null = null;

  constructor(
    timeline: Timeline,
    etcd: ModelEtcd,
    hosts: ReadonlyMap<string, Host>,
    judge: Judge,
    options: WorldOptions,
  ) {
    this.timeline = timeline;
    this.etcd = etcd;
    this.hosts = hosts;
    this.judge = judge;
    this.options = options;
  }

  /** Once all is up again: somebody who may write does, and the others follow. */
  mend(): void {
    const { writer, sync } = this.etcd.store;
    const { nowMs } = this.timeline;
    this.vacantSinceMs = writer === null ? (this.vacantSinceMs ?? nowMs) : null;
    if (sync === null) this.resumeNewest();
    else if (this.vacantSinceMs !== null && nowMs - this.vacantSinceMs >= vacantMs)
      this.letWrite(this.etcd.store);
    this.reinstate();
  }

  /** The role, and then the lease: the keeper opens (W2). */
  birth(region: string): void {
    this.database(region).lead(1);
    this.found({ region, epoch: 1 });
  }

  /** Of a region that was the writer, and was fenced: its keeper claims what is vacant. */
  resume(region: string): void {
    this.timeline.note(`operator: resume ${region}`);
    const database = this.database(region);
    database.lead(database.epoch);
  }

  /** A promotion of a region that lacks something, of a lease that was waited out (W4). */
  seize(region: string): boolean {
    const { writer, epoch } = this.etcd.store;
    const taken = { region, epoch: epoch + 1 };
    this.timeline.note(`operator: seize ${JSON.stringify(taken)}`);
    return this.etcd.apply({ kind: "seize", writer: taken, epoch, writerRevision: writer?.revision ?? null });
  }

  /** Etcd knows nothing of the site: every database is asked, and the newest epoch's goes on (W1). */
  private resumeNewest(): void {
    const databases = [...this.hosts.values()].map(({ database }) => database);
    if (!databases.every(({ running, open }) => running && !open)) return;
    const [newest, ...others] = databases
      .filter(({ role, fenced }) => role === "active" || (role === "fenced" && fenced?.was === "active"))
      .sort((one, other) => other.epoch - one.epoch);
    if (newest === undefined) return;
    for (const { region, role } of others) if (role === "active") this.host(region).fence("operator");
    newest.lead(newest.epoch);
    this.found({ region: newest.region, epoch: newest.epoch });
  }

  /** The lease is vacant and no keeper takes it: of those in `sync` one that was the writer, else a standby. */
  private letWrite({ sync, epoch, ...store }: Store): void {
    const inSync = (sync?.value.regions ?? []).map((region) => this.database(region));
    const fenced = inSync.find(({ role, fenced }) => role === "fenced" && fenced?.was === "active");
    const standby = inSync.find(({ role, receivesFrom }) => role === "standby" && receivesFrom !== null);
    if (fenced !== undefined) {
      this.resume(fenced.region);
    } else if (standby !== undefined && sync !== null) {
      this.timeline.note(`operator: promote ${standby.region}`);
      const writerRevision = store.writer?.revision ?? null;
      const claim = { region: standby.region, epoch, writerRevision, syncRevision: sync.revision };
      this.etcd.apply({ kind: "claim", ...claim });
    }
  }

  /**
   * Whoever is fenced or empty follows the writer, from a copy where its own history is not contained in the writer's
   * (W9, W10). One that took a role for a lease that is gone is fenced for that.
   */
  private reinstate(): void {
    const writer = this.etcd.store.writer?.value;
    const source = writer === undefined ? undefined : this.database(writer.region);
    if (writer === undefined || source === undefined || !source.open) return;
    for (const { database } of this.hosts.values()) {
      if (source === database || isOnItsWay(database, writer)) continue;
      const isContained = database.isContainedIn(source.log);
      if (database.role === "standby" && isContained) continue;
      if (!isContained) {
        database.log = [...source.log];
        this.judge.seeReceived(source.log);
      }
      database.received = [];
      database.join(source.region, source.epoch);
      // Its keeper takes it out of `sync` before it receives (W8).
      database.receivesFrom = null;
    }
  }

  private found(writer: Writer): void {
    this.timeline.note(`operator: found ${JSON.stringify(writer)}`);
    this.etcd.apply({ kind: "found", writer, durability: this.options.durability });
  }

  private host(region: string): Host {
    return this.hosts.get(region) as Host;
  }

  private database(region: string): ModelDatabase {
    return this.host(region).database;
  }
}

/** Its own keeper fences it: the writer has a newer epoch. */
function isOnItsWay({ role, epoch }: ModelDatabase, writer: Writer): boolean {
  return role === "active" && epoch < writer.epoch;
}
