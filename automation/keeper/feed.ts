import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { log } from "./log.ts";
import type { DatabaseFacts } from "./state.ts";

/** A line of `evenkeel-db watch`. `waiting`: a token for each commit that waits for an acknowledgement. */
interface FeedLine extends Omit<DatabaseFacts, "waitingMs"> {
  askedMs: number;
  waiting: string[];
}

/** How long the oldest commit has waited: the feed tells which wait, and not since when. */
export class Waits {
  private since = new Map<string, number>();

  /** Milliseconds; 0 where none waits. */
  oldestMs(tokens: readonly string[], nowMs: number): number {
    this.since = new Map(tokens.map((token) => [token, this.since.get(token) ?? nowMs]));
    return Math.max(0, ...[...this.since.values()].map((sinceMs) => nowMs - sinceMs));
  }
}

/**
 * A receiver that is off for so short a time was only begun anew, by a verb of the writer's that changes who acknowledges.
 * One whose server was down is off at once. Milliseconds.
 */
const offMs = 1500;

/** Whom a standby receives from, but for the moments in which its receiver begins anew. */
export class Receiving {
  private last: { from: string; atMs: number } | null = null;

  from(
    { running, receivesFrom }: Pick<DatabaseFacts, "running" | "receivesFrom">,
    nowMs: number,
  ): string | null {
    if (!running) this.last = null;
    else if (receivesFrom !== null) this.last = { from: receivesFrom, atMs: nowMs };
    else if (this.last !== null && nowMs - this.last.atMs >= offMs) this.last = null;
    return this.last?.from ?? null;
  }
}

/** Begun anew after this when it has ended. Milliseconds. */
const restartMs = 1000;

/** What the database's host command tells of it, for as long as the keeper runs. */
export class Feed {
  private readonly command: string;
  private readonly tell: (facts: DatabaseFacts, askedMs: number) => void;
  private readonly waits = new Waits();
  private readonly receiving = new Receiving();
  private input: Writable | null = null;

  constructor(command: string, tell: (facts: DatabaseFacts, askedMs: number) => void) {
    this.command = command;
    this.tell = tell;
  }

  start(): void {
    const child = spawn(this.command, ["watch"], { stdio: ["pipe", "pipe", "inherit"] });
    this.input = child.stdin;
    child.stdin.on("error", () => {
      // It is gone: "close" begins another one.
    });
    child.on("error", (cause) => log(`the feed does not start: ${cause.message}`));
    createInterface({ input: child.stdout }).on("line", (line) => this.take(line));
    child.on("close", (status) => {
      log(`the feed ended with ${status}: it begins anew`);
      setTimeout(() => this.start(), restartMs);
    });
  }

  /** Asks at once, and not only when its time comes. */
  poke(): void {
    this.input?.write("\n");
  }

  private take(line: string): void {
    const told = parsed(line);
    // The last line of a feed that was killed may be a part of one.
    if (told === null) return log(`the feed said what can't be read: ${line.slice(0, 200)}`);
    const { askedMs, waiting, ...facts } = told;
    // A question that was not answered in time says nothing of what waits.
    const waitingMs = facts.running ? this.waits.oldestMs(waiting, askedMs) : 0;
    this.tell({ ...facts, waitingMs, receivesFrom: this.receiving.from(facts, askedMs) }, askedMs);
  }
}

function parsed(line: string): FeedLine | null {
  try {
    return JSON.parse(line) as FeedLine;
  } catch {
    return null;
  }
}
