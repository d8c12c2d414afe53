import type { Verb } from "../../../automation/keeper/state.ts";
import type { Clients } from "./clients.ts";
import type { ModelDatabase } from "./database.ts";
import type { ModelEtcd } from "./etcd.ts";
import type { Host, Running } from "./host.ts";
import type { Replication } from "./replication.ts";
import type { Timeline } from "./timeline.ts";

/** What `evenkeel-db` does on a host for its keeper. A verb takes its time, and does all that it does at its end. */
export class Verbs {
  private readonly timeline: Timeline;
  private readonly etcd: ModelEtcd;
  private readonly hosts: ReadonlyMap<string, Host>;
  private readonly replication: Replication;
  private readonly clients: Clients;

  constructor(
    timeline: Timeline,
    etcd: ModelEtcd,
    hosts: ReadonlyMap<string, Host>,
    replication: Replication,
    clients: Clients,
  ) {
    this.timeline = timeline;
    this.etcd = etcd;
    this.hosts = hosts;
    this.replication = replication;
    this.clients = clients;
  }

  begin(host: Host, id: number, verb: Verb): void {
    const { nowMs, random } = this.timeline;
    const slow = nowMs < host.slowVerbsUntilMs ? random.between(500, 4000) : 0;
    const endsMs = nowMs + random.between(50, 400) + slow;
    this.timeline.note(`${host.region} ${JSON.stringify(verb)}`);
    const { incarnation } = host.database;
    host.verbs.push({ id, verb, endsMs, marker: null, deadlineMs: endsMs + 2000, incarnation });
  }

  /** Ends the verbs whose time has come, and lets the keeper know. */
  run(host: Host): void {
    for (const running of host.verbs.filter(({ endsMs }) => endsMs <= this.timeline.nowMs)) {
      const ok = this.act(host, running);
      if (ok === null) continue;
      host.verbs = host.verbs.filter((one) => one !== running);
      host.inbox.push({ is: "ended", id: running.id, ok });
    }
  }

  /** Whether all was done. Null: it goes on. */
  private act(host: Host, running: Running): boolean | null {
    const { database } = host;
    const { verb } = running;
    if (verb.name === "fence") {
      host.fence("keeper");
      return true;
    }
    if (!database.running || database.incarnation !== running.incarnation) return false;
    if (verb.name === "receive") return this.receive(database);
    if (verb.name === "prepare") return prepare(host, verb.epoch);
    const minds = !host.lacks("a verb minds its epoch");
    if (database.role !== "active" || (minds && database.epoch !== verb.epoch)) return false;
    switch (verb.name) {
      case "close":
        database.open = false;
        database.pending = [];
        return true;
      case "sync":
        return database.open && this.setWait(host, verb.regions);
      case "reach":
        return this.reach(host, running, verb.region);
      case "mark":
        return database.open && this.mark(host, running, verb.region);
      case "open":
        database.open = true;
        return this.setWait(host, verb.regions);
    }
  }

  private setWait(host: Host, regions: readonly string[]): true {
    const { database } = host;
    database.waits = regions;
    database.ackers = host.lacks("who acknowledges is said by name") ? database.peers : regions;
    this.clients.tell(host, database.release());
    return true;
  }

  private reach(host: Host, running: Running, region: string): boolean | null {
    running.marker ??= host.database.log.length;
    if (this.replication.hasReceived(host, region, running.marker)) return true;
    return this.timeline.nowMs > running.deadlineMs ? false : null;
  }

  private mark(host: Host, running: Running, region: string): boolean | null {
    const { database } = host;
    const { nowMs } = this.timeline;
    if (running.marker === null) {
      if (database.commit(this.clients.number(), nowMs) === "done")
        return host.lacks("a marker is seen to wait");
      running.marker = database.log.length;
    }
    if ((database.acknowledged[region] ?? 0) >= running.marker) return true;
    return nowMs > running.deadlineMs ? false : null;
  }

  private receive(database: ModelDatabase): boolean {
    if (database.role !== "standby") return false;
    const source = this.etcd.store.writer?.value.region;
    if (source === undefined || source === database.region) return false;
    if (!database.isContainedIn((this.hosts.get(source) as Host).database.log)) return false;
    database.received = [];
    database.receivesFrom = source;
    return true;
  }
}

function prepare(host: Host, epoch: number): boolean {
  const { database } = host;
  if (database.role === "unseeded" || epoch < database.epoch || database.open) return false;
  if (database.role === "fenced" && !database.mayReturn()) return false;
  const { receivesFrom } = database;
  if (host.lacks("everything received is applied before the role")) database.received = [];
  database.apply();
  database.lead(epoch);
  if (host.lacks("stopping to receive before the apply")) database.receivesFrom = receivesFrom;
  return true;
}
