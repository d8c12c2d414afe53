import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

const set = "inet evenkeel_db open_ports";

/**
 * The database's port, open until a moment that each renewal moves on: an element of the packet filter with a timeout, so
 * that it closes by itself where nobody renews it any more, the keeper neither (W4). One nft for all renewals: to start
 * one five times a second would cost more than all the rest.
 */
export class Port {
  private readonly port: number;
  private nft: ChildProcessWithoutNullStreams | null = null;
  private untilMs = 0;

  constructor(port: number) {
    this.port = port;
  }

  /** Both in one transaction: an element that is there keeps its old timeout. */
  openUntil(untilMs: number, nowMs: number): void {
    if (untilMs <= nowMs) return;
    this.untilMs = untilMs;
    this.write(`flush set ${set}; add element ${set} { ${this.port} timeout ${untilMs - nowMs}ms }`);
  }

  /**
   * A host that slept between the reckoning and the packet filter got the whole time again: closed as soon as this is
   * called behind the moment.
   */
  closeLate(nowMs: number): void {
    if (this.untilMs === 0 || nowMs < this.untilMs) return;
    this.untilMs = 0;
    this.write(`flush set ${set}`);
  }

  /** The host is the active one no more: whether its port is open is not the lease's to say. */
  forget(): void {
    this.untilMs = 0;
  }

  private write(line: string): void {
    this.nft ??= this.start();
    this.nft.stdin.write(`${line}\n`);
  }

  private start(): ChildProcessWithoutNullStreams {
    const nft = spawn("nft", ["-i"], { stdio: ["pipe", "pipe", "pipe"] });
    nft.stdout.resume();
    nft.stderr.on("data", (words: Buffer) => process.stderr.write(`nft: ${words.toString("utf8")}`));
    const gone = () => {
      if (this.nft === nft) this.nft = null;
    };
    nft.on("error", gone);
    nft.on("close", gone);
    nft.stdin.on("error", gone);
    return nft;
  }
}
