import type { Clients } from "./clients.ts";
import type { Host } from "./host.ts";
import type { Network } from "./network.ts";
import type { Timeline } from "./timeline.ts";

/** Transactions on their way from the one database to the others, and the acknowledgements on their way back. */
export class Replication {
  private readonly timeline: Timeline;
  private readonly network: Network;
  private readonly hosts: ReadonlyMap<string, Host>;
  private readonly clients: Clients;

  constructor(timeline: Timeline, network: Network, hosts: ReadonlyMap<string, Host>, clients: Clients) {
    this.timeline = timeline;
    this.network = network;
    this.hosts = hosts;
    this.clients = clients;
  }

  /** Regions that receive from this host, and hold nothing that it has not. */
  followersOf(host: Host): string[] {
    const followers = [...this.hosts.values()].filter(
      (other) => this.sourceOf(other) === host && other.database.isContainedIn(host.database.log),
    );
    return followers.map(({ region }) => region);
  }

  /** This host receives, applies and acknowledges, each as it happens to come. */
  run(host: Host): void {
    const { nowMs, random } = this.timeline;
    const { database } = host;
    const source = this.sourceOf(host);
    if (source === null || !database.isContainedIn(source.database.log)) return;
    const slow = nowMs < host.slowReplicaUntilMs;
    if (slow ? random.oneIn(20) : !random.oneIn(8)) {
      database.received.push(...source.database.log.slice(database.held().length));
    }
    const applies = nowMs >= host.slowApplyUntilMs && !slow;
    if (database.role === "standby" && applies && random.oneIn(3)) database.apply();
    const position = database.held().length;
    const { incarnation } = source.database;
    this.network.send(random.between(0, 40), () => {
      if (source.state !== "up" || source.database.incarnation !== incarnation) return;
      this.clients.tell(source, source.database.acknowledge(host.region, position));
    });
  }

  /** The host that this one has a connection to, and receives from. */
  private sourceOf({ state, database }: Host): Host | null {
    const from = database.receivesFrom;
    if (from === null || state !== "up" || !database.running) return null;
    const source = this.hosts.get(from) as Host;
    const isThere = source.state === "up" && source.database.running;
    return isThere && this.network.connects(from, database.region) ? source : null;
  }
}
