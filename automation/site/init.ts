import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { ConfigError, parseConfig, type SiteConfig } from "../../components/config.ts";
import { exitCodes, UserError } from "../errors.ts";
import { freeNetworks, type Networks } from "../lab/networks.ts";
import { defaultSite } from "../options.ts";
import { checkSiteName, home, siteFlag } from "../site.ts";
import { say } from "../terminal.ts";
import { inFolder, isThere, readIfThere } from "./durable.ts";
import { otherSites, refuseSharedNames } from "./neighbours.ts";

export interface InitArgs {
  site: string;
  regions: string;
  initialActive?: string | undefined;
  domain?: string | undefined;
  title?: string | undefined;
  webServers: number;
  engine: string;
  wordpressOnPostgresql?: string | undefined;
}

/** Where a further site's networks are looked for first; a network in use moves to the next free one. */
const firstNetworks = { region: "10.10.0.0/16", third: "10.30.0.0/16", peering: "10.99.0.0/24" };

/**
 * `evenkeel init --site NAME`: writes the files of a further site below sites/, with networks that neither this
 * machine nor another site of this clone uses. Makes the folder whole or not at all; one that exists is never touched.
 */
export async function init(args: InitArgs, root = home): Promise<void> {
  checkSiteName(args.site);
  const folder = join(root, "sites", args.site);
  if (args.site === defaultSite || isThere(folder)) {
    throw usage(
      `the site ${args.site} is there already`,
      "choose another name: npx evenkeel init --site NAME",
    );
  }
  const regions = args.regions.split(",").map((name) => name.trim());
  const others = otherSites(args.site, root).flatMap(({ site, networks }) =>
    Object.values(networks).map((cidr) => ({ cidr, by: `the site ${site}` })),
  );
  const networks = await freeNetworks(args.site, wantedNetworks(regions), others);
  const values = {
    provider: "lab",
    regions,
    initialActive: args.initialActive ?? regions[0],
    engine: args.engine,
    ...(args.wordpressOnPostgresql === undefined
      ? {}
      : { wordpressOnPostgresql: args.wordpressOnPostgresql }),
    domain: args.domain ?? `${args.site}.lab.test`,
    adminEmail: `admin@${args.domain ?? `${args.site}.lab.test`}`,
    title: args.title ?? args.site,
    ...(args.webServers === 1 ? {} : { webServers: args.webServers }),
    networks,
  };
  refuseSharedNames(check(args.site, values), root);
  write(folder, siteFiles(args.site, values, saltOfLab(root)));
  say(`Wrote sites/${args.site} with the networks ${Object.values(networks).join(", ")}.`);
  say(`No secret stands in it: keep it with the clone, git add sites/${args.site}`);
  say(`Next: npx evenkeel provision${siteFlag(args.site)}`);
}

function wantedNetworks(regions: readonly string[]): Networks {
  const ofRegions = regions.map((name) => [name, firstNetworks.region] as const);
  return { ...Object.fromEntries(ofRegions), third: firstNetworks.third, peering: firstNetworks.peering };
}

function check(site: string, values: { regions: readonly string[] }): SiteConfig {
  try {
    return parseConfig(site, values, Object.fromEntries(values.regions.map((name) => [name, {}])));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw usage(
      error.problems.join("\n"),
      "give the command again with other values: npx evenkeel init --help",
    );
  }
}

/** Text by file name: one project file, one stack file a place. */
function siteFiles(
  site: string,
  values: { regions: readonly string[] },
  salt: string,
): Record<string, string> {
  const config = Object.entries(values).map(([key, value]) => [`evenkeel:${key}`, { value }]);
  const project = {
    name: site,
    description: `The site ${site}`,
    main: "../../index.ts",
    runtime: { name: "nodejs", options: { typescript: false } },
    config: Object.fromEntries(config),
  };
  const why =
    '# Belongs to the lab\'s well-known passphrase: no secret stands in this file (docs/architecture.md, "Secrets").';
  const stacks = [...values.regions, "global"].map(
    (name) => [`Pulumi.${name}.yaml`, `${why}\nencryptionsalt: ${salt}\n`] as const,
  );
  return { "Pulumi.yaml": stringify(project), ...Object.fromEntries(stacks) };
}

function saltOfLab(root: string): string {
  const file = join(root, "Pulumi.global.yaml");
  const salt = /^encryptionsalt: *(\S+)$/m.exec(readIfThere(file) ?? "")?.[1];
  if (salt === undefined) throw usage(`${file} names no encryptionsalt`, `git checkout ${file}`);
  return salt;
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  const draft = `${folder}.new-${process.pid}`;
  inFolder(dirname(folder), () => {
    try {
      mkdirSync(draft, { recursive: true, mode: 0o755 });
      for (const [name, text] of Object.entries(files))
        writeFileSync(join(draft, name), text, { mode: 0o644 });
      renameSync(draft, folder);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  });
}

function usage(what: string, next: string): UserError {
  return new UserError({ what, next, exitCode: exitCodes.usage });
}
