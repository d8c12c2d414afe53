import { join } from "node:path";
import { ConfigError, loadSiteConfig, type SiteConfig } from "../../components/config.ts";
import { exitCodes } from "../errors.ts";
import { nameClash, namesOf } from "../lab/names.ts";
import { home, type SitePlace, secretsFile } from "../site.ts";
import { isThere, namesIn } from "./durable.ts";

/** The clone's sites but one, running or not. One whose files are broken counts for nothing. */
export function otherSites(site: string, root = home): SiteConfig[] {
  const folder = join(root, "sites");
  const further = namesIn(folder).map((name) => join(folder, name));
  return [root, ...further].flatMap((directory) => {
    try {
      const config = loadSiteConfig(directory);
      return config.site === site ? [] : [config];
    } catch (error) {
      if (error instanceof ConfigError) return [];
      throw error;
    }
  });
}

/** Refuses (exit 2) names that another site of this clone is to have: the files alone show it. */
export function refuseSharedNames(config: SiteConfig, root = home): void {
  const used = otherSites(config.site, root).flatMap(namesOf);
  const error = nameClash(config, used, exitCodes.usage);
  if (error !== null) throw error;
}

/** The same for a site that isn't set up yet: one that is keeps its names, and a later one has to look for its own. */
export function refuseNewNames(place: SitePlace, config: SiteConfig, root = home): void {
  if (!isThere(secretsFile(place))) refuseSharedNames(config, root);
}
