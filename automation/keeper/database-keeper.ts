import { BootClock } from "./clock.ts";
import { decide } from "./decide.ts";
import { Etcd } from "./etcd.ts";
import { Feed } from "./feed.ts";
import { EtcdLog, log, writeReport } from "./log.ts";
import { Notifier } from "./notify.ts";
import { Port } from "./port.ts";
import { Spares } from "./program.ts";
import { etcdAccess, type KeeperSettings, keeperConfig } from "./settings.ts";
import {
  type Effect,
  type Event,
  firstState,
  type KeeperConfig,
  type KeeperState,
  type Wanted,
} from "./state.ts";
import { runVerb } from "./verbs.ts";
import { readWanted, stampOf } from "./wanted.ts";

const hostCommand = "/usr/local/sbin/evenkeel-db";
const reportFile = "/run/evenkeel/keeper.json";
const reportMs = 1000;
/** How often what verbs leave is looked for: visitors of a switchover wait for each of them. Milliseconds. */
const lookAroundMs = 25;
/** Those of a promotion: `prepare` and `open`. */
const sparesWanted = 2;
/** The latter comes a moment after the promotion is wanted no more. Milliseconds. */
const sparesMs = 5000;
/** Written by `evenkeel-db` alone, whoever asked it. */
const roleFile = "/var/lib/evenkeel/role.json";

/**
 * A database host's keeper: carries out what `decide` wants and tells it what came of that. It knows no SQL and has no
 * opinion.
 */
export class DatabaseKeeper {
  private readonly config: KeeperConfig;
  private readonly clock = new BootClock();
  private readonly etcd: Etcd;
  private readonly etcdLog = new EtcdLog();
  private readonly feed: Feed;
  private readonly port: Port;
  private readonly notifier = new Notifier();
  private readonly programs = new Spares(hostCommand);
  private state: KeeperState = firstState;
  private reportedMs = Number.NEGATIVE_INFINITY;
  private roleSeen = "";
  private wanted: Wanted | null = null;

  constructor(settings: KeeperSettings) {
    this.config = keeperConfig(settings);
    this.etcd = new Etcd(etcdAccess(settings));
    this.port = new Port(settings.port, hostCommand);
    this.feed = new Feed(hostCommand, (facts, askedMs) => this.tell({ is: "facts", facts, askedMs }));
  }

  /** Until the process ends. */
  start(): void {
    this.feed.start();
    // Twice as often as something is to be done, so that nothing is late by a whole turn.
    setInterval(() => this.tick(), this.config.renewMs / 2);
    setInterval(() => this.lookAround(), lookAroundMs);
    this.tick();
  }

  private tick(): void {
    this.tell({ is: "tick" });
    const nowMs = this.clock.nowMs();
    this.port.closeLate(nowMs);
    this.notifier.alive(nowMs);
    if (nowMs - this.reportedMs >= reportMs) this.report(nowMs);
  }

  /** What verbs leave for the keeper, whoever runs them. */
  private lookAround(): void {
    const role = stampOf(roleFile);
    if (role !== this.roleSeen) this.feed.poke();
    this.roleSeen = role;
    const wanted = readWanted();
    if (wanted?.epoch === this.wanted?.epoch && wanted?.untilMs === this.wanted?.untilMs) {
      if (wanted !== null) this.tell({ is: "tick" });
      return;
    }
    this.wanted = wanted;
    log(
      wanted === null ? "no promotion is wanted" : `an operator wants a promotion at epoch ${wanted.epoch}`,
    );
    if (wanted === null) setTimeout(() => this.dropSpares(), sparesMs);
    else this.programs.keep(sparesWanted);
    this.tell({ is: "wanted", wanted });
  }

  private dropSpares(): void {
    if (this.wanted === null) this.programs.drop();
  }

  private tell(event: Event): void {
    const nowMs = this.clock.nowMs();
    const before = this.state;
    const { state, effects } = decide(this.config, before, event, nowMs);
    this.state = state;
    if (before.facts?.role === "active" && state.facts?.role !== "active") this.port.forget();
    this.sayWhatChanged(before, state);
    for (const effect of effects) this.carryOut(effect);
  }

  private carryOut(effect: Effect): void {
    switch (effect.do) {
      case "ask":
        void this.ask(effect);
        return;
      case "run":
        void this.run(effect);
        return;
      case "port":
        this.port.openUntil(effect.untilMs, this.clock.nowMs());
    }
  }

  private async ask({ id, change }: Effect & { do: "ask" }): Promise<void> {
    const { member } = this.etcd;
    const answer = await this.etcd.ask(change);
    this.etcdLog.take(answer, member);
    if (answer.outcome === "unknown") this.tell({ is: "answer", id, outcome: "unknown" });
    else this.tell({ is: "answer", id, ...answer });
    if (change !== null && change.kind !== "renew") log(`etcd: ${JSON.stringify(change)}: ${answer.outcome}`);
  }

  private async run({ id, verb }: Effect & { do: "run" }): Promise<void> {
    const begunMs = this.clock.nowMs();
    log(`begins: ${JSON.stringify(verb)}`);
    const { ok, words } = await runVerb(this.programs, verb);
    const tookMs = this.clock.nowMs() - begunMs;
    log(
      `${ok ? "done" : "failed"} after ${tookMs} ms: ${verb.name}${ok || words === "" ? "" : `: ${words}`}`,
    );
    this.tell({ is: "ended", id, ok });
    this.feed.poke();
  }

  private sayWhatChanged(before: KeeperState, after: KeeperState): void {
    if (before.store === after.store && before.facts === after.facts) return;
    const [was, is] = [before, after].map(({ store }) =>
      JSON.stringify([store?.writer?.value, store?.sync?.value, store?.durability]),
    );
    if (is !== was) log(`writer, sync, durability: ${is}`);
    const { facts } = after;
    if (facts !== null && (before.facts?.role !== facts.role || before.facts.open !== facts.open))
      log(`database: ${facts.role} at epoch ${facts.epoch}, ${facts.open ? "open" : "closed"}`);
  }

  private report(nowMs: number): void {
    this.reportedMs = nowMs;
    const { store, facts, renewed, waits, work } = this.state;
    writeReport(reportFile, {
      atMs: nowMs,
      writer: store?.writer?.value ?? null,
      sync: store?.sync?.value.regions ?? null,
      durability: store?.durability ?? null,
      role: facts?.role ?? null,
      epoch: facts?.epoch ?? null,
      renewedMs: renewed?.sentMs ?? null,
      waitsFor: waits,
      work: work?.step ?? null,
    });
  }
}
