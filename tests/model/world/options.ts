import type { decide } from "../../../automation/keeper/decide.ts";
import type { Durability, transactionOf } from "../../../automation/keeper/store.ts";

/** What of the keeper is under test. */
export interface Keeper {
  decide: typeof decide;
  transactionOf: typeof transactionOf;
}

/** Rules that `evenkeel-db`, its host and operators keep, not the keeper's own decisions. */
export type HostRule =
  | "port closes by itself"
  | "stopping to receive before the apply"
  | "everything received is applied before the role"
  | "a killed keeper's verbs die with it"
  | "who acknowledges is said by name"
  | "a boot waits"
  | "a boot is read-only"
  | "a verb minds its epoch"
  | "a marker is seen to wait"
  | "a lease is seized of a machine that is off";

export interface WorldOptions {
  seed: number;
  regions: readonly string[];
  durability: Durability;
  /** How far a host's clock may run ahead or behind. */
  drift: number;
  /** Every host empty, and nothing known to etcd. */
  unborn?: boolean;
  /** The keeper's own functions, or some with a rule taken out of them. */
  keeper?: Keeper;
  /** Rules of the hosts that are taken out. */
  without?: readonly HostRule[];
  /**
   * Clocks that can't be trusted: no port closes in time. Two regions may then be open at once, but nothing that was
   * acknowledged may be lost all the same: no rule about lost writes depends on a clock.
   */
  brokenClocks?: boolean;
}
