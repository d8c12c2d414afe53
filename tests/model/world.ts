import { decide } from "../../automation/keeper/decide.ts";
import { type Change, transactionOf } from "../../automation/keeper/store.ts";
import { Clients } from "./world/clients.ts";
import { ModelEtcd } from "./world/etcd.ts";
import { befall, type Fault } from "./world/faults.ts";
import { Host } from "./world/host.ts";
import { Judge } from "./world/judge.ts";
import { Keepers } from "./world/keepers.ts";
import { Network } from "./world/network.ts";
import { Operator } from "./world/operator.ts";
import type { HostRule, WorldOptions } from "./world/options.ts";
import { type Held, Questions } from "./world/questions.ts";
import { Replication } from "./world/replication.ts";
import { Timeline } from "./world/timeline.ts";
import { Verbs } from "./world/verbs.ts";

/** One step of the world, true time. */
const stepMs = 50;

/**
 * The hosts of a site, their network, an etcd and people who write; everything but the keeper's decisions is made up.
 * Each part is a file of world/, and `step` says in which order they act.
 */
export class World {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly etcd: ModelEtcd;
  readonly judge: Judge;
  readonly timeline: Timeline;
  readonly operator: Operator;
  private readonly options: WorldOptions;
  private readonly network: Network;
  private readonly clients: Clients;
  private readonly replication: Replication;
  private readonly questions: Questions;
  private readonly verbs: Verbs;
  private readonly keepers: Keepers;

  constructor(options: WorldOptions) {
    this.options = options;
    const { regions } = options;
    const keeper = options.keeper ?? { decide, transactionOf };
    this.timeline = new Timeline(options.seed);
    this.hosts = new Map(regions.map((region) => [region, new Host(this.timeline, region, options)]));
    this.etcd = new ModelEtcd(keeper.transactionOf);
    this.network = new Network(this.timeline, regions);
    this.judge = new Judge(this.timeline, options, this.etcd);
    this.clients = new Clients(this.timeline, this.judge);
    this.replication = new Replication(this.timeline, this.network, this.hosts, this.clients, this.judge);
    this.questions = new Questions(this.timeline, this.network, this.etcd, this.judge);
    this.verbs = new Verbs(this.timeline, this.etcd, this.hosts, this.replication, this.clients);
    this.keepers = new Keepers(this.timeline, keeper.decide, this.questions, this.verbs, this.replication);
    this.operator = new Operator(this.timeline, this.etcd, this.hosts, this.judge, options);
    if (options.unborn !== true) this.begin(options);
  }

  /** A site that was just founded: the first region writes, the others receive from it. */
  private begin({ regions, durability }: WorldOptions): void {
    const [first, ...others] = regions as [string, ...string[]];
    const standbys = durability === "async" ? [] : others.slice(0, 1);
    this.etcd.begin({ region: first, epoch: 1 }, [first, ...standbys].sort());
    for (const { database } of this.hosts.values()) database.join(first, 1);
    const { database } = this.host(first);
    database.lead(1);
    database.open = true;
    database.waits = standbys;
    database.ackers = standbys;
    this.host(first).portUntilMs = 2000;
  }

  host(region: string): Host {
    return this.hosts.get(region) as Host;
  }

  get nowMs(): number {
    return this.timeline.nowMs;
  }

  /** Messages arrive; hosts act and keepers decide; databases replicate; people write; then the judge looks. */
  step(): void {
    const hosts = [...this.hosts.values()];
    this.timeline.nowMs += stepMs;
    this.network.deliver();
    for (const host of hosts.filter(({ state }) => state === "up")) {
      host.restartDatabase();
      this.verbs.run(host);
      this.keepers.run(host);
    }
    for (const host of hosts) this.replication.run(host);
    for (const host of hosts) {
      this.judge.seeOpening(host);
      this.clients.write(host);
    }
    this.judge.seeLease(this.hosts);
    this.judge.checkSync(this.hosts);
    this.judge.checkAlone(this.hosts);
  }

  runFor(durationMs: number): void {
    for (const end = this.nowMs + durationMs; this.nowMs < end; ) this.step();
  }

  /** Runs until it is so. Throws where that does not come about: the script is wrong then. */
  runUntil(what: string, isSo: () => boolean, mostMs = 30_000): void {
    for (const end = this.nowMs + mostMs; !isSo(); ) {
      if (this.nowMs >= end)
        throw new Error(`never came about: ${what}\n${this.timeline.trace.slice(-30).join("\n")}`);
      this.step();
    }
  }

  /** As `runUntil`, where it has to come about: else that is a violation. */
  expect(what: string, isSo: () => boolean, mostMs: number): void {
    for (const end = this.nowMs + mostMs; !isSo(); this.step())
      if (this.nowMs >= end) return this.judge.violate(`never comes about: ${what}`);
  }

  fault(fault: Fault): void {
    this.timeline.note(JSON.stringify(fault));
    this.judge.seeTrouble();
    befall(fault, this.nowMs, this.network, this.etcd, this.hosts);
  }

  /** Whether a rule of the hosts or of operators is taken out. */
  lacks(rule: HostRule): boolean {
    return this.options.without?.includes(rule) ?? false;
  }

  /** Holds up every change of a kind by a region until it is released. */
  hold(region: string, matches: (change: Change) => boolean): Held {
    return this.questions.hold(region, matches);
  }
}
