import type { SiteConfig } from "../../components/config.ts";
import { refuseTakenNames } from "./names.ts";
import { checkNetworks } from "./networks.ts";

/** Refuses (exit 12) a site whose names or networks something else on this machine has. Needs Docker's answer. */
export async function refuseClashes(config: SiteConfig): Promise<void> {
  await Promise.all([refuseTakenNames(config), checkNetworks(config.site, config.networks)]);
}
