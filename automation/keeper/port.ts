import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { log } from "./log.ts";
import { runProgram } from "./program.ts";

const set = "inet evenkeel_db open_ports";
/** An nft that is told one line after the other keeps all of them: begun anew after so many, a quarter of an hour's. */
const mostLines = 5000;
const loadSeconds = 10;

/**
 * The database's port, open until a moment that each renewal moves on: an element of the packet filter with a timeout, so
 * that it closes by itself where nobody renews it any more, the keeper neither (W4). One nft for all renewals: to start
 * one five times a second would cost more than all the rest.
 */
export class Port {
  private readonly port: number;
  private readonly hostCommand: string;
  private nft: ChildProcessWithoutNullStreams | null = null;
  private lines = 0;
  private loading = false;
  private untilMs = 0;

  constructor(port: number, hostCommand: string) {
    this.port = port;
    this.hostCommand = hostCommand;
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
    if (this.lines >= mostLines) this.begin();
    this.nft ??= this.start();
    this.nft.stdin.write(`${line}\n`);
    this.lines += 1;
  }

  /** The one before ends with what it was told last. */
  private begin(): void {
    this.nft?.stdin.end();
    this.nft = null;
    this.lines = 0;
  }

  /** The filter is not as it was loaded, so that nothing may be closed where it should be: it is loaded anew, at once. */
  private async load(complaint: string): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    log(`nft: ${complaint.trim()}: the packet filter is loaded anew`);
    const { ok, words } = await runProgram(
      this.hostCommand,
      ["firewall", "--deadline", String(loadSeconds)],
      loadSeconds,
    );
    if (!ok) log(`the packet filter can't be loaded: ${words}`);
    this.loading = false;
  }

  private start(): ChildProcessWithoutNullStreams {
    const nft = spawn("nft", ["-i"], { stdio: ["pipe", "pipe", "pipe"] });
    nft.stdout.resume();
    nft.stderr.on("data", (words: Buffer) => void this.load(words.toString("utf8")));
    const gone = () => {
      if (this.nft === nft) this.nft = null;
    };
    nft.on("error", gone);
    nft.on("close", gone);
    nft.stdin.on("error", gone);
    return nft;
  }
}
