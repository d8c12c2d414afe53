import type { DatabaseFacts, Effect, Event } from "../../../automation/keeper/state.ts";
import type { Host } from "./host.ts";
import type { Keeper } from "./options.ts";
import type { Questions } from "./questions.ts";
import type { Replication } from "./replication.ts";
import type { Timeline } from "./timeline.ts";
import type { Verbs } from "./verbs.ts";

const factsEveryMs = 200;
const tickEveryMs = 100;

/** Tells each host's keeper what happens, and carries out what it decides: the daemon's part. */
export class Keepers {
  private readonly timeline: Timeline;
  private readonly decide: Keeper["decide"];
  private readonly questions: Questions;
  private readonly verbs: Verbs;
  private readonly replication: Replication;

  constructor(
    timeline: Timeline,
    decide: Keeper["decide"],
    questions: Questions,
    verbs: Verbs,
    replication: Replication,
  ) {
    this.timeline = timeline;
    this.decide = decide;
    this.questions = questions;
    this.verbs = verbs;
    this.replication = replication;
  }

  run(host: Host): void {
    const { nowMs } = this.timeline;
    if (nowMs < host.keeperStartsMs) return;
    const events = host.inbox;
    host.inbox = [];
    for (const event of events) this.tell(host, event);
    if (nowMs >= host.nextFactsMs) {
      host.nextFactsMs = nowMs + factsEveryMs;
      const lateMs = host.factsLateMs > 0 ? this.timeline.random.between(0, host.factsLateMs) : 0;
      const event: Event = { is: "facts", facts: this.factsOf(host), askedMs: host.clock() };
      host.feed.push({ atMs: nowMs + lateMs, event });
    }
    const told = host.feed.filter(({ atMs }) => atMs <= nowMs);
    host.feed = host.feed.filter(({ atMs }) => atMs > nowMs);
    for (const { event } of told) this.tell(host, event);
    if (nowMs >= host.nextTickMs) {
      host.nextTickMs = nowMs + tickEveryMs;
      this.tell(host, { is: "tick" });
    }
  }

  private tell(host: Host, event: Event): void {
    const { state, effects } = this.decide(host.config, host.keeper, event, host.clock());
    host.keeper = state;
    for (const effect of effects) this.carryOut(host, effect);
  }

  private carryOut(host: Host, effect: Effect): void {
    if (effect.do === "ask") this.questions.ask(host, effect.id, effect.change);
    else if (effect.do === "port") host.portUntilMs = effect.untilMs;
    else this.verbs.begin(host, effect.id, effect.verb);
  }

  private factsOf(host: Host): DatabaseFacts {
    const { role, epoch, running, open, pending, receivesFrom } = host.database;
    const { nowMs } = this.timeline;
    return {
      role,
      epoch,
      begun: null,
      mayReturn: host.database.mayReturn(),
      running,
      open: open && running,
      waits: host.database.waits,
      waitingMs: nowMs - (pending[0]?.sinceMs ?? nowMs),
      followers: this.replication.followersOf(host),
      receivesFrom: running ? receivesFrom : null,
    };
  }
}
