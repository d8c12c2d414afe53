import type { Change } from "../../../automation/keeper/store.ts";
import type { ModelEtcd } from "./etcd.ts";
import type { Host } from "./host.ts";
import type { Judge } from "./judge.ts";
import type { Network } from "./network.ts";
import type { Timeline } from "./timeline.ts";

/** A change on its way that is held up until it is let go. */
export interface Held {
  release(): void;
  seen: boolean;
}

interface Hold extends Held {
  region: string;
  matches(change: Change): boolean;
  take(arrive: () => void): void;
}

/** What keepers ask of etcd, and its answers. */
export class Questions {
  private readonly timeline: Timeline;
  private readonly network: Network;
  private readonly etcd: ModelEtcd;
  private readonly judge: Judge;
  private holds: Hold[] = [];

  constructor(timeline: Timeline, network: Network, etcd: ModelEtcd, judge: Judge) {
    this.timeline = timeline;
    this.network = network;
    this.etcd = etcd;
    this.judge = judge;
  }

  /** Holds up every change of a kind by a region until it is released: they are on their way meanwhile. */
  hold(region: string, matches: (change: Change) => boolean): Held {
    const waiting: (() => void)[] = [];
    const held: Hold = {
      region,
      matches,
      seen: false,
      take: (arrive) => {
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

  /** Null: a look, and no change. */
  ask(host: Host, id: number, change: Change | null): void {
    const { nowMs, random } = this.timeline;
    if (change?.kind === "claim") this.judge.seeClaim(host);
    // Looks and renewals go on meanwhile: what is late or lost is what changes the writer or the set.
    const alters = change !== null && change.kind !== "renew";
    const late = alters && nowMs < host.lateUntilMs;
    const lost = alters && nowMs < host.lostUntilMs;
    const there = late ? random.between(1000, 4000) : random.between(1, 60);
    const holder = this.holds.find(
      (one) => change !== null && one.region === host.region && one.matches(change),
    );
    const { history } = this.etcd;
    const arrive = () => {
      // It was for members that are gone, with all connections to them.
      if (this.etcd.history !== history) return;
      // A message that is late is on its way already: what is cut now does not call it back.
      const member = this.memberFor(host);
      if (!late && holder === undefined && member === null) return;
      const outcome = change === null || this.etcd.apply(change) ? "done" : "refused";
      const { store } = this.etcd;
      if (alters) this.timeline.note(`${host.region} ${JSON.stringify(change)} → ${outcome}`);
      this.network.send(random.between(1, 60) + host.answersLateMs, () => {
        if (lost || !this.isHeard(member ?? this.memberFor(host), host) || host.state === "off") return;
        host.inbox.push({ is: "answer", id, outcome, store });
      });
    };
    if (holder === undefined) this.network.send(there, arrive);
    else holder.take(arrive);
  }

  private memberFor(host: Host): string | null {
    return this.timeline.nowMs < host.noEtcdUntilMs ? null : this.network.memberFor(host.region);
  }

  private isHeard(member: string | null, host: Host): boolean {
    if (this.timeline.nowMs < host.noEtcdUntilMs) return false;
    return member !== null && this.network.carries(member, host.region);
  }
}
