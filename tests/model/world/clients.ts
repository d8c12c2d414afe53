import type { Host } from "./host.ts";
import type { Judge } from "./judge.ts";
import type { Timeline } from "./timeline.ts";

/** People who write wherever they are let in, and what they are told. */
export class Clients {
  private readonly timeline: Timeline;
  private readonly judge: Judge;
  private nextTransaction = 1;

  constructor(timeline: Timeline, judge: Judge) {
    this.timeline = timeline;
    this.judge = judge;
  }

  /** The number of a new transaction, also of one that is no client's. */
  number(): number {
    return this.nextTransaction++;
  }

  write(host: Host): void {
    if (host.state !== "up" || !host.isOpen()) return;
    if (!this.timeline.random.oneIn(4)) return;
    const id = this.number();
    if (host.database.commit(id, this.timeline.nowMs) === "done") this.tell(host, [id]);
  }

  /** Tells of what is committed, as far as the port lets it out. */
  tell(host: Host, ids: readonly number[]): void {
    if (host.state !== "up" || !host.portIsOpen()) return;
    for (const id of ids) this.judge.seeAcknowledged(host, id);
  }
}
