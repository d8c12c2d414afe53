import type { LostTail } from "../remote/tail.ts";
import type { DatabaseFacts } from "./observation.ts";

/** How a region that was the writer, or lost its way, becomes a standby again (writer.md, W9), and why so. */
export const methods = ["rejoin", "rewind", "reseed"] as const;
export type Method = (typeof methods)[number];

export interface Return {
  method: Method;
  reason: string;
}

/** `tail`: what the host told it holds beyond the writer; null where that could not be had. */
export interface Returning {
  facts: Pick<DatabaseFacts, "role">;
  engine: "mariadb" | "postgresql";
  tail: LostTail | null;
  /** A rewind was tried and refused, with its reason. */
  noRewind?: string;
}

/**
 * The gentlest way that leads to the writer's history: `rejoin` where the host's own is contained in it; else `rewind`, which
 * PostgreSQL has; else `reseed`. A host that is not known to hold nothing of its own is not let follow: `follow` itself would
 * refuse it, too.
 */
export function returnOf({ facts, engine, tail, noRewind }: Returning): Return {
  if (facts.role === "unseeded") return { method: "reseed", reason: "it has no database of the site" };
  if (tail === null) return { method: "reseed", reason: "what only it holds can't be told" };
  if (tail.range === null) return { method: "rejoin", reason: `${tail.region} has all that it holds` };
  const beyond = `it holds ${tail.transactions ?? "an unknown number of"} transactions that ${tail.region} lacks`;
  switch (engine) {
    case "mariadb":
      return { method: "reseed", reason: `${beyond}, and MariaDB can't take any back` };
    case "postgresql":
      return noRewind === undefined
        ? { method: "rewind", reason: `${beyond}: only what differs is fetched` }
        : { method: "reseed", reason: `${beyond}, and it can't be rewound: ${noRewind}` };
    default:
      return engine satisfies never;
  }
}
