import { proveEquality } from "../failover/equality.ts";
import { preferredRegion } from "../failover/failback.ts";
import { planFailover, refuseUnproved, takeOver } from "../failover/failover.ts";
import type { Held } from "../failover/held.ts";
import type { Moved } from "../failover/moves.ts";
import { rowsOf } from "../failover/plan.ts";
import { acknowledge } from "../failover/record.ts";
import { bringBack, planReinstatement } from "../failover/reinstate.ts";
import {
  activeRegion,
  carryOut,
  checkSwitch,
  refuseFailed,
  type SwitchKind,
} from "../failover/switchover.ts";
import type { Moves } from "./parts.ts";

/** As the commands have it where nothing else is given (--max-lag). */
const maxLagSeconds = 5;

/**
 * The operator's moves as a drill gives them: the same checks, plans and steps as the commands, under the lock that the drill
 * holds, and without a question.
 */
export function siteMoves(held: Held): Moves {
  return {
    switchover: (to) => switchTo(held, { kind: "switchover", to }),
    failover: async (to, { acceptLoss }) => {
      const seen = await held.look("writers");
      const plan = planFailover(held, seen, { to, acceptLoss, confirmedOff: [], only: [] });
      refuseUnproved(held, plan, { to });
      const { moved, after } = await takeOver(held, { seen, plan, to, approve: [] });
      // A real failover behind it must not meet the cool-down of a drill.
      await acknowledge(held.site, after);
      return moved;
    },
    reinstate: async (region) => {
      const seen = await held.look();
      const { rows, writer } = planReinstatement(held, seen, region, null);
      return (await bringBack(held, { seen, rows, region, writer, approve: [] })).moved;
    },
    failback: () => {
      const to = preferredRegion(held.site.config);
      return switchTo(held, { kind: "failback", to, prove: proveEquality });
    },
  };
}

async function switchTo(
  held: Held,
  { kind, to, prove = async () => [] }: SwitchKind & { to: string },
): Promise<Moved> {
  const seen = await held.look();
  const from = activeRegion(held, seen, to);
  const rows = rowsOf({ kind: "switchover", from, to }, seen);
  refuseFailed(held, await checkSwitch(held, seen, { from, to, maxLagSeconds }), to);
  const left = await prove(held.site);
  return (await carryOut(held, { kind, seen, rows, left, from, to, approve: [] })).moved;
}
