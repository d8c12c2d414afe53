import type { Clients } from "./clients.ts";
import type { Host } from "./host.ts";
import type { Judge } from "./judge.ts";
import type { Network } from "./network.ts";
import type { Timeline } from "./timeline.ts";

/** Transactions on their way from the one database to the others, and the acknowledgements on their way back. */
export class Replication {
  private readonly timeline: Timeline;
  private readonly network: Network;
  private readonly hosts: ReadonlyMap<string, Host>;
  private readonly clients: Clients;
  private readonly judge: Judge;

  constructor(
    timeline: Timeline,
    network: Network,
    hosts: ReadonlyMap<string, Host>,
    clients: Clients,
    judge: Judge,
  ) {
    this.timeline = timeline;
    this.network = network;
    this.hosts = hosts;
    this.clients = clients;
    this.judge = judge;
  }

  /** Regions that this host hears receive from it, and that hold nothing that it has not. */
  followersOf(host: Host): string[] {
    const followers = [...this.hosts.values()].filter(
      (other) =>
        this.sourceOf(other) === host &&
        this.network.carries(other.region, host.region) &&
        other.database.isContainedIn(host.database.log),
    );
    return followers.map(({ region }) => region);
  }

  /** Whether a region that is there has received so much of this host's log. */
  hasReceived(host: Host, region: string, position: number): boolean {
    const { database } = this.hosts.get(region) as Host;
    const isThere = this.followersOf(host).includes(region) && this.network.connects(host.region, region);
    return isThere && database.held().length >= position;
  }

  /** This host receives, applies and acknowledges, each as it happens to come. */
  run(host: Host): void {
    const { nowMs, random } = this.timeline;
    const { database } = host;
    const source = this.sourceOf(host);
    if (source === null || !database.isContainedIn(source.database.log)) return;
    const slow = nowMs < host.slowReplicaUntilMs;
    const isSent = this.network.carries(source.region, host.region);
    if (isSent && (slow ? random.oneIn(20) : !random.oneIn(8))) {
      const more = source.database.log.slice(database.held().length);
      database.received.push(...more);
      this.judge.seeReceived(more);
    }
    const applies = nowMs >= host.slowApplyUntilMs && !slow;
    if (database.role === "standby" && applies && random.oneIn(3)) database.apply();
    const position = database.held().length;
    const { incarnation } = source.database;
    if (!this.network.carries(host.region, source.region)) return;
    this.network.send(random.between(0, 40), () => {
      if (source.state !== "up" || source.database.incarnation !== incarnation) return;
      this.clients.tell(source, source.database.acknowledge(host.region, position));
    });
  }

  /** The host that this one receives from, as far as either hears the other. */
  private sourceOf({ state, database }: Host): Host | null {
    const from = database.receivesFrom;
    if (from === null || state !== "up" || !database.running) return null;
    const source = this.hosts.get(from) as Host;
    const isThere = source.state === "up" && source.database.running;
    const { region } = database;
    const isHeard = this.network.carries(from, region) || this.network.carries(region, from);
    return isThere && isHeard ? source : null;
  }
}
