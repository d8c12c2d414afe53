import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureSecrets } from "../../../automation/site/secrets.ts";
import { parseConfig } from "../../../components/config.ts";
import type { SiteSecrets } from "../../../components/secrets.ts";

const networks = {
  primary: "10.10.0.0/16",
  secondary: "10.20.0.0/16",
  third: "10.30.0.0/16",
  peering: "10.99.0.0/24",
};
export const config = (regions: string[]) =>
  parseConfig(
    "shop",
    {
      provider: "lab",
      regions,
      initialActive: "primary",
      engine: "mariadb",
      domain: "shop.lab.test",
      adminEmail: "a@shop.lab.test",
      networks: Object.fromEntries(
        Object.entries(networks).filter(([place]) => place !== "secondary" || regions.includes(place)),
      ),
    },
    {},
  );

/** The secrets of a site in a folder of their own. */
export interface MadeSecrets {
  directory: string;
  file: string;
  /** As they were while there was one region, and as they became with the second. */
  one: SiteSecrets;
  both: SiteSecrets;
}

export async function makeSecrets(): Promise<MadeSecrets> {
  const directory = mkdtempSync(join(tmpdir(), "evenkeel-secrets-"));
  const file = join(directory, "secrets.json");
  const one = await ensureSecrets(file, config(["primary"]));
  const both = await ensureSecrets(file, config(["primary", "secondary"]));
  return { directory, file, one, both };
}
