import { openSync, readSync } from "node:fs";

/**
 * The host's clock since its boot in milliseconds, sleep counted, which setting the time of day does not move
 * (CLOCK_BOOTTIME; proc_uptime(5), in steps of 10 ms, rounded down).
 */
export class BootClock {
  private readonly file = openSync("/proc/uptime", "r");
  private readonly buffer = Buffer.alloc(64);

  nowMs(): number {
    const length = readSync(this.file, this.buffer, 0, this.buffer.length, 0);
    return Math.round(Number.parseFloat(this.buffer.toString("latin1", 0, length)) * 1000);
  }
}
