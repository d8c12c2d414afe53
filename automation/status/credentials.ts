import { apiVersion, facts, jsonDocument, writeResult } from "../output.ts";
import { readPorts } from "../site/ports.ts";
import { checkSiteFiles, notBuilt, portsFile, readSiteSecrets, siteConfig, sitePlace } from "../site.ts";

/**
 * `evenkeel credentials`: where to log in and as whom. Read from the site's own files, so that it works with every
 * host down. The password goes to standard output and nowhere else.
 */
export async function showCredentials(args: { site: string; format: string }): Promise<void> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  checkSiteFiles(place, config);
  const { adminUser: user, adminPassword: password } = readSiteSecrets(place).wordpress;
  const url = `${edgeUrl(portsFile(place), config.site)}/wp-admin/`;
  const document = { apiVersion, site: config.site, url, user, password };
  writeResult(
    args.format === "json"
      ? jsonDocument(document)
      : facts([
          ["URL", url],
          ["User", user],
          ["Password", password],
        ]),
  );
}

function edgeUrl(file: string, site: string): string {
  const https = readPorts(file)?.third?.https;
  // Without ports no host was ever made.
  if (https === undefined) throw notBuilt(site);
  return `https://localhost:${https}`;
}
