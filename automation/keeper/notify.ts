import { spawn } from "node:child_process";

/**
 * Tells systemd that the keeper is ready, and then that it lives: Node has no datagram sockets of this kind, so
 * systemd's own program says it. Without a watchdog there is nothing to tell.
 */
export class Notifier {
  private readonly everyMs: number;
  private toldMs = Number.NEGATIVE_INFINITY;
  private ready = false;

  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    const watchdogMs = Number(environment.WATCHDOG_USEC ?? 0) / 1000;
    this.everyMs = environment.NOTIFY_SOCKET === undefined || watchdogMs === 0 ? 0 : watchdogMs / 3;
  }

  alive(nowMs: number): void {
    if (this.everyMs === 0 || nowMs - this.toldMs < this.everyMs) return;
    this.toldMs = nowMs;
    const words = this.ready ? ["WATCHDOG=1"] : ["--ready", "WATCHDOG=1"];
    this.ready = true;
    spawn("systemd-notify", words, { stdio: "ignore" }).on("error", () => undefined);
  }
}
