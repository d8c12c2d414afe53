import { type SiteConfig, wantsDropIn } from "../../components/config.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { SiteOutputs } from "../hosts.ts";
import { siteFlag } from "../options.ts";

interface Given {
  key: string;
  of: string;
  /** Unset: the database host. */
  part?: string;
  built: string | number;
  wanted: string | number;
}

/**
 * Refuses (exit code 2) a configuration that would have machines of a built region at another address, under another
 * name, with another engine, server id or volume. Each of these is given at a machine's making: Pulumi would delete
 * the old one, with its database, to make the new one, or end half-way (a volume).
 */
export function refuseMoved(
  config: Pick<SiteConfig, "engine" | "wordpressOnPostgresql" | "site" | "regionPlans">,
  outputs: SiteOutputs,
): void {
  const moves = config.regionPlans.flatMap((plan) => {
    const region = outputs.regions[plan.name] ?? null;
    const host = region?.hosts.find(({ role }) => role === "database");
    if (region === null || host === undefined) return [];
    const volume = region.uploadsVolumeGb ?? plan.uploadsVolumeGb;
    const linked = { key: "evenkeel:networks (peering)", of: "address on the link" };
    const given: Given[] = [
      // First, since the link gives addresses by the same order.
      {
        key: "the order of evenkeel:regions",
        of: "server id",
        built: region.database.serverId,
        wanted: plan.index,
      },
      { key: "evenkeel:engine", of: "engine", built: region.database.engine, wanted: config.engine },
      { key: "evenkeel:networks", of: "address", built: host.address, wanted: plan.database },
      { ...linked, built: host.peeringAddress ?? plan.peering.database, wanted: plan.peering.database },
      { key: "evenkeel:namePrefix", of: "name", built: host.name, wanted: `${plan.namePrefix}-database` },
      {
        ...{ key: "evenkeel:uploadsVolumeGb", of: "size in GB", part: "uploads volume (0: none)" },
        ...{ built: volume, wanted: plan.uploadsVolumeGb },
      },
      // Adding it is no move: WordPress is installed beside the ledger then.
      ...(region.wordpress === true && config.engine === "postgresql" && !wantsDropIn(config)
        ? [
            {
              ...{ key: "evenkeel:wordpressOnPostgresql", of: "way to PostgreSQL", part: "WordPress" },
              ...{ built: "pg4wp", wanted: "none" },
            },
          ]
        : []),
    ];
    return given
      .filter(({ built, wanted }) => built !== wanted)
      .map((move) => ({ ...move, region: plan.name }));
  });
  const [first] = moves;
  if (first === undefined) return;
  throw new UserError({
    what: `${first.key} of the built region ${first.region} was changed`,
    why: moves
      .map(
        ({ region, of, part = "database host", built, wanted }) =>
          `the ${of} of ${region}'s ${part} is ${built}, and would be ${wanted}`,
      )
      .join("; "),
    next: ["server id", "way to PostgreSQL"].includes(first.of)
      ? "set it back"
      : `set it back, or make the region anew, without what it holds: npx evenkeel destroy --region ${first.region}${siteFlag(config.site)}`,
    exitCode: exitCodes.usage,
    code: "region-moved",
  });
}
