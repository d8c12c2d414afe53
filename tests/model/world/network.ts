import type { Timeline } from "./timeline.ts";

/** Where nobody has a database: of two regions' etcd one member is there. */
export const third = "third";

interface Message {
  atMs: number;
  deliver(): void;
}

/** Who hears whom, and what is on its way. */
export class Network {
  private readonly timeline: Timeline;
  /** The places with a member of etcd. */
  private readonly members: readonly string[];
  private readonly cuts = new Set<string>();
  private messages: Message[] = [];

  constructor(timeline: Timeline, regions: readonly string[]) {
    this.timeline = timeline;
    this.members = regions.length >= 3 ? regions : [...regions, third];
  }

  cut(from: string, to: string): void {
    this.cuts.add(`${from}>${to}`);
  }

  heal(): void {
    this.cuts.clear();
  }

  /** A connection needs both directions. */
  connects(one: string, other: string): boolean {
    return !this.cuts.has(`${one}>${other}`) && !this.cuts.has(`${other}>${one}`);
  }

  /** Whether a keeper at that place finds a member that is with a majority. Members are on hosts of their own. */
  hasQuorum(place: string): boolean {
    const { members } = this;
    return members.some(
      (member) =>
        (member === place || this.connects(place, member)) &&
        members.filter((one) => one === member || this.connects(member, one)).length * 2 > members.length,
    );
  }

  send(afterMs: number, deliver: () => void): void {
    this.messages.push({ atMs: this.timeline.nowMs + afterMs, deliver });
  }

  /** Delivers what is due. What is sent by that comes with a later step. */
  deliver(): void {
    const { nowMs } = this.timeline;
    const due = this.messages.filter(({ atMs }) => atMs <= nowMs);
    this.messages = this.messages.filter(({ atMs }) => atMs > nowMs);
    for (const message of due) message.deliver();
  }
}
