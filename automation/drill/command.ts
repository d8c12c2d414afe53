import { preferredRegion } from "../failover/failback.ts";
import { type Held, moveDial, withHeldSite } from "../failover/held.ts";
import { lossOf } from "../failover/loss-kept.ts";
import { openHosts } from "../hosts.ts";
import { lookAt } from "../status/look.ts";
import { verifySite } from "../verify/verify.ts";
import { freshSession } from "./fresh-session.ts";
import { drillFolder, labParts } from "./lab-parts.ts";
import { type DrillArgs, performDrill, refuseWrong } from "./perform.ts";
import { siteMoves } from "./site-moves.ts";

export type DrillCommandArgs = Omit<DrillArgs, "preferred"> & { site: string; yes: boolean };

/** `evenkeel drill`: under the operator's lock from the first look to the last. Returns 0, 11 or 14. */
export async function drill(args: DrillCommandArgs): Promise<number> {
  refuseWrong(args);
  const { site: name, dryRun } = args;
  const options = { site: name, command: `drill --kind ${args.kind}`, to: null, dryRun };
  return await withHeldSite(options, async ({ site }) => {
    const { place, outputs, secrets } = site;
    const ssh = await freshSession(() => openHosts(place, outputs, secrets, moveDial));
    try {
      const held: Held = { site: { ...site, ssh }, look: (scope) => lookAt(site, outputs, ssh, scope) };
      return await drillHeld(args, held, () => ssh.renew());
    } finally {
      await ssh.close();
    }
  });
}

async function drillHeld(
  args: DrillCommandArgs,
  held: Held,
  hostsChanged: () => Promise<void>,
): Promise<number> {
  const { site, look } = held;
  const { config, ssh, outputs, place } = site;
  const run = `d${Date.now().toString(36)}`;
  const verify = () => verifySite(ssh, outputs, config.site);
  const moves = siteMoves(held);
  const { yes } = args;
  const parts = labParts({
    site,
    look,
    moves,
    verify,
    lossReport: () => lossOf(site),
    hostsChanged,
    yes,
    run,
  });
  try {
    const preferred = preferredRegion(config);
    return await performDrill({ ...args, preferred }, parts, { folder: drillFolder(place), run });
  } finally {
    if (!args.dryRun) await parts.close();
  }
}
