import type { Durability } from "../../../automation/keeper/store.ts";
import type { ModelEtcd } from "./etcd.ts";
import type { Host } from "./host.ts";
import type { Network } from "./network.ts";

/** What is done to the world at a moment. */
export type Fault =
  | { kind: "cut"; from: string; to: string }
  | { kind: "heal" }
  | { kind: "durability"; to: Durability }
  /** The operator's word that nothing is promoted by itself. */
  | { kind: "paused"; is: boolean }
  | { kind: "etcd-anew" }
  | HostFault;

type HostFault =
  /** `fence`: by an operator. */
  | { kind: "pause" | "resume" | "off" | "on" | "fence"; region: string }
  | { kind: "kill-keeper" | "kill-database" | "slow-replica" | "slow-apply" | "slow-verbs"; region: string }
  /** Its hosts reach no member of etcd, but each other's databases. */
  | { kind: "no-etcd"; region: string; forMs: number }
  /** Every answer of etcd takes so long to get there. */
  | { kind: "answers-late"; region: string; byMs: number }
  /** What the database says reaches its keeper up to so much later. */
  | { kind: "facts-late"; region: string; byMs: number }
  | { kind: "messages-late" | "answers-lost"; region: string; forMs: number };

/** Does what is asked for to the network, to etcd, or to a host. */
export function befall(
  fault: Fault,
  nowMs: number,
  network: Network,
  etcd: ModelEtcd,
  hosts: ReadonlyMap<string, Host>,
): void {
  switch (fault.kind) {
    case "cut":
      network.cut(fault.from, fault.to);
      return;
    case "heal":
      network.heal();
      for (const host of hosts.values()) host.heal();
      return;
    case "durability":
      etcd.set({ durability: fault.to });
      return;
    case "paused":
      etcd.set({ paused: fault.is });
      return;
    case "etcd-anew":
      etcd.makeAnew();
      return;
    default:
      befallHost(fault, nowMs, hosts.get(fault.region) as Host);
  }
}

function befallHost(fault: HostFault, nowMs: number, host: Host): void {
  switch (fault.kind) {
    case "pause":
      host.pause();
      return;
    case "resume":
      host.resume();
      return;
    case "off":
      host.powerOff();
      return;
    case "on":
      host.powerOn();
      return;
    case "fence":
      host.fence("operator");
      return;
    case "kill-keeper":
      host.killKeeper();
      return;
    case "kill-database":
      host.killDatabase();
      return;
    case "slow-replica":
      host.slowReplicaUntilMs = nowMs + 4000;
      return;
    case "slow-apply":
      host.slowApplyUntilMs = nowMs + 8000;
      return;
    case "slow-verbs":
      host.slowVerbsUntilMs = nowMs + 6000;
      return;
    case "no-etcd":
      host.noEtcdUntilMs = nowMs + fault.forMs;
      return;
    case "answers-late":
      host.answersLateMs = fault.byMs;
      return;
    case "facts-late":
      host.factsLateMs = fault.byMs;
      return;
    case "messages-late":
      host.lateUntilMs = nowMs + fault.forMs;
      return;
    case "answers-lost":
      host.lostUntilMs = nowMs + fault.forMs;
  }
}
