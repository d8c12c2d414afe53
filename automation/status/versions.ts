import type { Observation, RegionObservation, WebVersions } from "../failover/observation.ts";
import { table } from "../output.ts";

/** Which versions run where: the regions are to be the same, since either may have to serve. Pure. */

/** Of a region's first host that says it; null where none does. `client` is the database's, on the web hosts. */
export interface RegionVersions extends WebVersions {
  database: string | null;
}

export function versionsOf({ web, database }: RegionObservation): RegionVersions {
  const first = (program: keyof WebVersions) =>
    web.map(({ versions }) => versions[program]).find((version) => version !== null) ?? null;
  return {
    nginx: first("nginx"),
    php: first("php"),
    wordpress: first("wordpress"),
    client: first("client"),
    database: shortVersion(database.facts?.version ?? null),
  };
}

/** "11.8.6" of "11.8.6-MariaDB-0+deb13u1 from Debian-log". */
function shortVersion(told: string | null): string | null {
  return told === null ? null : (/^\d[\d.]*\d/.exec(told)?.[0] ?? told);
}

/** The regions side by side; "" where no version of any is known. */
export function versionsTable(regions: readonly { name: string; versions: RegionVersions }[]): string {
  const rows = regions.map(({ name, versions }) => [
    name,
    versions.nginx,
    versions.php,
    versions.wordpress,
    versions.client,
    versions.database,
  ]);
  const isKnown = rows.some(([, ...versions]) => versions.some((version) => version !== null));
  return isKnown ? table(["Versions", "nginx", "PHP", "WordPress", "Client", "Database"], rows) : "";
}

const names = { nginx: "nginx", php: "PHP", wordpress: "WordPress", client: "the database's client" };
const programs = Object.keys(names) as (keyof WebVersions)[];

/** A sentence for each program that is not the same on all hosts that say what they run. */
export function unequalVersions({ regions }: Pick<Observation, "regions">): string[] {
  const told = regions.flatMap(({ web, database: { host, engine, facts } }) => [
    ...web.flatMap(({ host, versions }) =>
      programs.map((program) => ({ program: names[program], version: versions[program], host })),
    ),
    { program: engine ?? "database", version: facts?.version ?? null, host: host ?? "" },
  ]);
  const known = told.filter(({ version }) => version !== null);
  return [...Map.groupBy(known, ({ program }) => program)].flatMap(([program, all]) => {
    const byVersion = [...Map.groupBy(all, ({ version }) => version)];
    if (byVersion.length < 2) return [];
    const parts = byVersion.map(([version, on]) => `${version} (${on.map(({ host }) => host).join(", ")})`);
    return [`${program} is not the same on all hosts: ${parts.join(", ")}`];
  });
}
