import type { Timeline } from "./timeline.ts";

/** Where nobody has a database: of two regions' etcd one member is there. */
export const third = "third";

interface Message {
  atMs: number;
  deliver(): void;
}

/**
 * Who hears whom, and what is on its way. A cut is one way, and stays so: harsher than TCP, which gives up a connection
 * that is not answered.
 */
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

  /** Whether what is sent from there arrives here. */
  carries(from: string, to: string): boolean {
    return from === to || !this.cuts.has(`${from}>${to}`);
  }

  connects(one: string, other: string): boolean {
    return this.carries(one, other) && this.carries(other, one);
  }

  /**
   * The member that hears a keeper at that place and is with a majority, where there is one: rather one that the keeper
   * hears as well. Members are on hosts of their own, and agree both ways.
   */
  memberFor(place: string): string | null {
    const { members } = this;
    const heard = members.filter(
      (member) =>
        this.carries(place, member) &&
        members.filter((one) => this.connects(member, one)).length * 2 > members.length,
    );
    return heard.find((member) => this.carries(member, place)) ?? heard[0] ?? null;
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
