import { configCommand, type HostShape, parseShape } from "../remote/host.ts";
import { type Disparity, disparities } from "../rollout/parity.ts";
import type { Check } from "./checks.ts";
import { ask } from "./facts.ts";
import type { HeldSite } from "./moves.ts";

/** What the hosts of two regions said of how they are configured, and of their room. */
export interface Counterparts {
  /** By the host's id; null where it could not be asked. */
  shapes: Readonly<Record<string, HostShape | null>>;
  differing: readonly Disparity[];
}

/** What a host needs to be a writer's: a house rule (eight files of MariaDB's log, the WAL that PostgreSQL keeps). */
const leastFreeBytes = 1024 ** 3;
const askMs = 10_000;

/** Asks every host of both regions at once. A host that does not answer is unknown, and throws nothing. */
export async function askCounterparts(
  { ssh, outputs }: Pick<HeldSite, "ssh" | "outputs">,
  regions: readonly string[],
): Promise<Counterparts> {
  const hosts = regions.flatMap((name) => outputs.regions[name]?.hosts ?? []);
  const answers = await Promise.all(
    hosts.map(async (host) => {
      const { value } = await ask(ssh, host, configCommand(), askMs, parseShape);
      return [host.id, value] as const;
    }),
  );
  const shapes = Object.fromEntries(answers);
  const known = answers.flatMap(([id, shape]) => (shape === null ? [] : [[id, shape.config] as const]));
  return { shapes, differing: await disparities(ssh, Object.fromEntries(known)) };
}

/** Whether `to` is built as the region that it replaces, and has room to be the writer. Pure. */
export function counterpartChecks({ shapes, differing }: Counterparts, to: string): Check[] {
  const silent = Object.keys(shapes).filter((id) => shapes[id] === null);
  return [configurationCheck(differing, silent), diskCheck(shapes, to)];
}

/** A host of either region that can't be asked is named, and is the other checks' business. */
function configurationCheck(differing: readonly Disparity[], silent: readonly string[]): Check {
  const unasked = silent.length === 0 ? "" : `; unknown of ${silent.join(", ")}`;
  if (differing.length === 0)
    return { name: "configuration", ok: true, found: `the same in both regions${unasked}` };
  const words = differing.map(
    ({ host, other, path, here, there }) => `${path}: ${host} has ${here}, ${other} has ${there}`,
  );
  return {
    name: "configuration",
    ok: false,
    found: `${words.join("; ")} (provision makes both regions the same)`,
  };
}

function diskCheck(shapes: Counterparts["shapes"], to: string): Check {
  const own = Object.entries(shapes).filter(([id]) => id.startsWith(`${to}/`));
  const silent = own.flatMap(([id, shape]) => (shape === null ? [id] : []));
  if (silent.length > 0) return { name: "disk", ok: false, found: `unknown of ${silent.join(", ")}` };
  const rooms = own.flatMap(([id, shape]) =>
    Object.entries(shape?.disks ?? {}).map(([path, room]) => ({ id, path, ...room })),
  );
  const full = rooms.filter(({ freeBytes }) => freeBytes < leastFreeBytes);
  if (full.length > 0) {
    const words = full.map(
      ({ id, path, freeBytes }) => `${id} has ${gibibytes(freeBytes)} GiB left at ${path}`,
    );
    return { name: "disk", ok: false, found: `${words.join("; ")}: it needs ${gibibytes(leastFreeBytes)}` };
  }
  const [least] = rooms.sort((one, other) => one.freeBytes - other.freeBytes);
  if (least === undefined) return { name: "disk", ok: false, found: `no host of ${to} tells its room` };
  return { name: "disk", ok: true, found: `${gibibytes(least.freeBytes)} GiB or more on each host of ${to}` };
}

const gibibytes = (bytes: number) => (bytes / 1024 ** 3).toFixed(1);
