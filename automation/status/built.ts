import { hostsOf, type SiteOutputs } from "../hosts.ts";
import { openExisting, readOutputs, type Session } from "../rollout/session.ts";
import { notBuilt, siteConfig, sitePlace } from "../site.ts";

/** A site that has hosts, and what its stacks gave out. Changes nothing; refused (12) where nothing is built yet. */
export async function builtSite(site: string): Promise<{ session: Session; outputs: SiteOutputs }> {
  const place = sitePlace(site);
  const config = siteConfig(place);
  const session = await openExisting(place, config);
  if (session === null) throw notBuilt(config.site);
  const outputs = await readOutputs(session);
  if (hostsOf(outputs).length === 0) throw notBuilt(config.site);
  return { session, outputs };
}
