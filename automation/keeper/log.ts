import { renameSync, writeFileSync } from "node:fs";
import type { EtcdAnswer } from "./etcd.ts";

/** A line of the journal (systemd adds time and unit). */
export function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Says what changed, once: whether etcd answers, and by which member. */
export class EtcdLog {
  private silent: string | null = null;
  private member: string | null = null;

  take(answer: EtcdAnswer, member: string): void {
    if (answer.outcome === "unknown") {
      if (this.silent === null) log(`etcd gives no answer: ${answer.reason}`);
      this.silent = answer.reason;
      return;
    }
    if (this.silent !== null || this.member !== member) log(`etcd answers at ${member}`);
    this.silent = null;
    this.member = member;
  }
}

let complaint: string | null = null;

/** What the keeper knows, for `status`: whole or not at all; gone with the boot. No lease is lost for want of room for it. */
export function writeReport(path: string, report: object): void {
  try {
    writeFileSync(`${path}.new`, `${JSON.stringify(report)}\n`, { mode: 0o644 });
    renameSync(`${path}.new`, path);
    complaint = null;
  } catch (cause) {
    const { message } = cause as Error;
    if (message !== complaint) log(`${path} can't be written: ${message}`);
    complaint = message;
  }
}
