import type { Durability } from "../keeper/store.ts";

/** The commands that a diagnosis names as what to run next, written for one site. */
export interface Commands {
  provision: string;
  status: string;
  /** Sets what the site promises of acknowledged writes. */
  durability: (mode: Durability) => string;
  /** Lets regions be promoted by themselves again. */
  endPause: string;
  /** Says who holds the site, and frees it of commands that are gone. */
  unlock: string;
  /** Lets another failover follow the last one. */
  ack: string;
  /** Lets a region that was active write again. */
  resume: (region: string) => string;
  /** The same where a later writer's database was lost: what that one took is given up. */
  resumeWithLoss: (region: string) => string;
  /** Closes a region's database. */
  fence: (region: string) => string;
  /** Makes a region a standby of whoever is the writer, or says why it may not be. */
  reinstate: (region: string) => string;
  /** Lets a region take over from one that is gone. */
  failover: (region: string) => string;
  /** Mounts the volume of a web host's uploads again. */
  mountUploads: (host: string) => string;
  /** Starts a service of a host that does not run or does not answer. */
  restart: (host: string, unit: string) => string;
  /** The same of a region's database. */
  restartDatabase: (region: string, engine: string | null) => string;
  /** Which services of a host failed, and, where it can't be reached, which hop does not answer. */
  look: (host: string) => string;
  /** Makes machines of one stack anew by hand, given their resources. */
  replace: (stack: string, urns: readonly string[]) => string;
}

/** The one host of a region that has its database. */
export const databaseHost = (region: string) => `${region}/database`;

/** The host that visitors come to first. */
export const edgeHost = "third/edge";

/** The server's unit by engine (components/host/database-engines.ts). */
const databaseUnits: Readonly<Record<string, string>> = {
  mariadb: "mariadb",
  postgresql: "postgresql@17-main",
};

/** @param siteFlag the words that name a site to evenkeel: none for the default one. */
export function commandsOf(siteFlag: string): Commands {
  const on = (host: string, command: string) => `npx evenkeel ssh ${host}${siteFlag} -- ${command}`;
  return {
    provision: `npx evenkeel provision${siteFlag}`,
    status: `npx evenkeel status${siteFlag}`,
    durability: (mode) => `npx evenkeel durability ${mode}${siteFlag}`,
    endPause: `npx evenkeel pause --off${siteFlag}`,
    ack: `npx evenkeel ack${siteFlag}`,
    unlock: `npx evenkeel unlock${siteFlag}`,
    resume: (region) => `npx evenkeel resume ${region} --confirm ${region}${siteFlag}`,
    resumeWithLoss: (region) => `npx evenkeel resume ${region} --confirm ${region} --accept-loss${siteFlag}`,
    fence: (region) => on(databaseHost(region), "sudo evenkeel-db fence"),
    reinstate: (region) => `npx evenkeel reinstate ${region}${siteFlag}`,
    failover: (region) => `npx evenkeel failover --to ${region}${siteFlag}`,
    mountUploads: (host) => on(host, "sudo systemctl start mnt-wp_uploads.mount"),
    restart: (host, unit) => on(host, `sudo systemctl restart ${unit}`),
    restartDatabase: (region, engine) =>
      on(databaseHost(region), `sudo systemctl restart ${databaseUnits[engine ?? ""] ?? "mariadb"}`),
    look: (host) => on(host, "systemctl --failed"),
    replace: (stack, urns) =>
      [`npx evenkeel${siteFlag} pulumi up -s ${stack}`, ...urns.map((urn) => `--replace '${urn}'`)].join(" "),
  };
}
