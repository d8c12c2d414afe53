import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { BootClock } from "./clock.ts";
import { Etcd } from "./etcd.ts";
import {
  decideGate,
  firstGateState,
  type GateConfig,
  type GateEffect,
  type GateEvent,
  type GateState,
  type GateVerb,
  leaseLine,
} from "./gate.ts";
import { EtcdLog, log } from "./log.ts";
import { Notifier } from "./notify.ts";
import { runProgram } from "./program.ts";
import { etcdAccess, type KeeperSettings } from "./settings.ts";

const hostCommand = "/usr/local/sbin/evenkeel-web";
const gateFile = "/run/evenkeel/gate-open";
const leaseFile = "/run/evenkeel/lease";
const deadlineSeconds = 30;

/** A web host's keeper: carries out what `decideGate` wants. It renews nothing; it looks. */
export class WebKeeper {
  private readonly config: GateConfig;
  private readonly clock = new BootClock();
  private readonly etcd: Etcd;
  private readonly etcdLog = new EtcdLog();
  private readonly notifier = new Notifier();
  private state: GateState = firstGateState;
  /** The last failure in the journal: a new host has its keeper before it has the program, which is then asked for often. */
  private complaint: string | null = null;

  constructor(settings: KeeperSettings) {
    this.config = { region: settings.region, ...settings.lease };
    this.etcd = new Etcd(etcdAccess(settings));
  }

  /** Until the process ends. */
  start(): void {
    // Twice as often as something is to be done, so that nothing is late by a whole turn.
    setInterval(() => this.tick(), this.config.renewMs / 2);
    this.tick();
  }

  private tick(): void {
    this.tell({ is: "gate", epoch: openEpoch() });
    this.tell({ is: "tick" });
    this.notifier.alive(this.clock.nowMs());
  }

  private tell(event: GateEvent): void {
    const { state, effects } = decideGate(this.config, this.state, event, this.clock.nowMs());
    this.state = state;
    for (const effect of effects) this.carryOut(effect);
  }

  private carryOut(effect: GateEffect): void {
    switch (effect.do) {
      case "ask":
        void this.ask();
        return;
      case "lease":
        writeFileSync(`${leaseFile}.new`, leaseLine(effect), { mode: 0o644 });
        renameSync(`${leaseFile}.new`, leaseFile);
        return;
      case "run":
        void this.run(effect);
    }
  }

  private async ask(): Promise<void> {
    const sentMs = this.clock.nowMs();
    const { member } = this.etcd;
    const answer = await this.etcd.ask(null);
    this.etcdLog.take(answer, member);
    this.tell({ is: "answer", sentMs, store: answer.outcome === "unknown" ? null : answer.store });
  }

  private async run({ id, verb }: GateEffect & { do: "run" }): Promise<void> {
    const begunMs = this.clock.nowMs();
    const { ok, words } = await runProgram(hostCommand, wordsOf(verb), deadlineSeconds);
    const tookMs = this.clock.nowMs() - begunMs;
    const complaint = ok ? null : `${JSON.stringify(verb)}: failed: ${words}`;
    if (ok) log(`${JSON.stringify(verb)}: done (${tookMs} ms)`);
    else if (complaint !== this.complaint) log(`${complaint} (${tookMs} ms)`);
    this.complaint = complaint;
    this.tell({ is: "ended", id, ok });
  }
}

/** The words behind `evenkeel-web`. */
export function wordsOf(verb: GateVerb): string[] {
  const deadline = ["--deadline", String(deadlineSeconds)];
  if (verb.name === "open") return ["open", "--epoch", String(verb.epoch), ...deadline];
  return ["close", ...(verb.keepCaches ? ["--keep-caches"] : []), ...deadline];
}

function openEpoch(): number | null {
  // Asked often, and mostly absent in a standby region: an error each time would cost more than the file.
  if (!existsSync(gateFile)) return null;
  try {
    const epoch = Number.parseInt(readFileSync(gateFile, "utf8"), 10);
    return Number.isNaN(epoch) ? null : epoch;
  } catch {
    return null;
  }
}
