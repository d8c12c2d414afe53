import type { Move } from "../remote/operator-keys.ts";
import type { EtcdFacts } from "./observation.ts";

export interface Cooldown {
  /** Another failover is refused (13) until an operator acknowledges the last one (`evenkeel ack`). */
  coolingDown: boolean;
  /** When it ends by itself; null where it has ended, or where nobody can tell. */
  until: Date | null;
  /** The last failover; null where there was none. */
  last: Move | null;
}

/**
 * Whether a failover is so fresh that another one would be flapping. Only failovers begin a cool-down, and only failovers
 * are refused by it: a switchover or a failback has proved that nothing is lost. After orchestrator's
 * RecoveryPeriodBlockSeconds and its acknowledgement (docs/configuration-recovery.md there). A failover whose time can't
 * be read counts until it is acknowledged.
 *
 * @param cooldownSeconds `evenkeel:cooldownSeconds`; 0: none.
 */
export function cooldownOf(
  { history, ackedRun }: Pick<EtcdFacts, "history" | "ackedRun">,
  { cooldownSeconds, now }: { cooldownSeconds: number; now: Date },
): Cooldown {
  const last = history.findLast(({ kind }) => kind === "failover") ?? null;
  if (last === null || cooldownSeconds === 0 || last.run === ackedRun)
    return { coolingDown: false, until: null, last };
  const endMs = Date.parse(last.at) + cooldownSeconds * 1000;
  if (Number.isNaN(endMs)) return { coolingDown: true, until: null, last };
  const coolingDown = now.getTime() < endMs;
  return { coolingDown, until: coolingDown ? new Date(endMs) : null, last };
}
