import { preferredRegion } from "../failover/failback.ts";
import { withHeldSite } from "../failover/held.ts";
import { verifySite } from "../verify/verify.ts";
import { drillFolder, labParts } from "./lab-parts.ts";
import { type DrillArgs, performDrill, refuseWrong } from "./perform.ts";
import { siteMoves } from "./site-moves.ts";

export type DrillCommandArgs = Omit<DrillArgs, "preferred"> & { site: string; yes: boolean };

/** `evenkeel drill`: under the operator's lock from the first look to the last. Returns 0, 11 or 14. */
export async function drill(args: DrillCommandArgs): Promise<number> {
  refuseWrong(args);
  return await withHeldSite(args, `drill --kind ${args.kind}`, async (held) => {
    const { site, look } = held;
    const { config, ssh, outputs, place } = site;
    const run = `d${Date.now().toString(36)}`;
    const verify = () => verifySite(ssh, outputs, config.site);
    const parts = labParts({
      site,
      look,
      moves: siteMoves(held),
      verify,
      lossReport: null,
      yes: args.yes,
      run,
    });
    try {
      const preferred = preferredRegion(config);
      return await performDrill({ ...args, preferred }, parts, { folder: drillFolder(place), run });
    } finally {
      if (!args.dryRun) await parts.close();
    }
  });
}
