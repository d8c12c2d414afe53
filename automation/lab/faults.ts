import type { SiteConfig } from "../../components/config.ts";
import { regionMachines } from "../../components/lab/names.ts";
import { docker, type LabMachine, machinesOf, tryDocker, waitUntilReady } from "./docker.ts";

/**
 * Real faults of a lab site, through Docker, since a region that is cut off can't be reached over SSH. Everything is
 * found by its name, nothing is kept in memory: whoever comes next can undo what another process injected.
 */

export type FaultKind = "region" | "database" | "web" | "balancer" | "link";

export interface Fault {
  kind: FaultKind;
  /** Whose machines die; of the link, the region that is cut from all others. */
  region: string;
}

type Planned = Pick<SiteConfig, "site" | "regionPlans">;

const killMs = 60_000;
/** A silent cut ends by itself after this where nobody heals it: status could not name what it does not see. */
const cutLimitSeconds = 120;
const table = "inet evenkeel_cut";

/** Names of the machines that a fault kills, those of parts that the site has not left in; none for the link. */
export function machinesHit(
  { regionPlans }: Pick<Planned, "regionPlans">,
  { kind, region }: Fault,
): string[] {
  const { gateway, database, cache, store, web } = regionMachines(planOf(regionPlans, region));
  const names = (machines: readonly { name: string }[]) => machines.map(({ name }) => name);
  switch (kind) {
    case "region":
      return names([gateway, database, cache, store, ...web]);
    case "database":
      return names([database]);
    case "web":
      return names(web);
    case "balancer":
      return names([gateway]);
    case "link":
      return [];
    default:
      return kind satisfies never;
  }
}

/**
 * Who is cut from whom where the link of `region` is: its gateway and database no longer hear or reach those of the
 * other regions, and the reverse. The third place is heard by all.
 */
export function linkCuts(
  { regionPlans }: Pick<Planned, "regionPlans">,
  region: string,
): { machine: string; from: string[] }[] {
  const own = planOf(regionPlans, region);
  const others = regionPlans.filter(({ name }) => name !== region);
  const onLink = ({ peering }: (typeof regionPlans)[number]) => [peering.gateway, peering.database];
  const cutsOf = (plan: (typeof regionPlans)[number], from: string[]) => {
    const { gateway, database } = regionMachines(plan);
    return [gateway, database].map(({ name }) => ({ machine: name, from }));
  };
  return [...cutsOf(own, others.flatMap(onLink)), ...others.flatMap((plan) => cutsOf(plan, onLink(own)))];
}

function planOf(plans: Planned["regionPlans"], region: string): Planned["regionPlans"][number] {
  const plan = plans.find(({ name }) => name === region);
  if (plan === undefined) throw new Error(`${region} is not one of the site's regions`);
  return plan;
}

/** Injects it for real; what is dead already stays so. Returns the machines that it touched. */
export async function injectFault(config: Planned, fault: Fault): Promise<string[]> {
  if (fault.kind === "link") {
    const cuts = linkCuts(config, fault.region);
    const limitSeconds = cutLimitSeconds;
    await Promise.all(cuts.map(({ machine, from }) => cut(machine, { from, limitSeconds })));
    return cuts.map(({ machine }) => machine);
  }
  const alive = (await hit(config, fault)).filter(({ running }) => running).map(({ name }) => name);
  if (alive.length > 0) await docker(["kill", ...alive], { timeoutMs: killMs });
  return alive;
}

/** Takes it back, in this process or a later one, as often as you like; ends when its machines answer on SSH. */
export async function undoFault(config: Planned, fault: Fault): Promise<string[]> {
  if (fault.kind === "link") {
    const machines = linkCuts(config, fault.region).map(({ machine }) => machine);
    const alive = new Set((await machinesOf(config.site)).flatMap((one) => (one.running ? [one.name] : [])));
    const reached = machines.filter((machine) => alive.has(machine));
    await Promise.all(reached.map(heal));
    return reached;
  }
  const all = (await hit(config, fault)).filter(({ state }) => state !== "created");
  const dead = all.filter(({ running }) => !running).map(({ name }) => name);
  if (dead.length > 0) await docker(["start", ...dead], { timeoutMs: killMs });
  await Promise.all(all.map(({ name }) => waitUntilReady(name)));
  return dead;
}

async function hit(config: Planned, fault: Fault): Promise<LabMachine[]> {
  const names = new Set(machinesHit(config, fault));
  return (await machinesOf(config.site)).filter(({ name }) => names.has(name));
}

/** Runs a shell script as root on a machine; its output, trimmed. Throws where it fails or takes too long. */
export async function inside(machine: string, script: string, timeoutMs = 30_000): Promise<string> {
  const result = await tryDocker(["exec", "-i", machine, "bash", "-s"], { input: script, timeoutMs });
  if (result.exitCode === 0) return result.stdout.trim();
  throw new Error(`${machine}: exit ${result.exitCode}: ${result.stderr.trim()}`);
}

/** What a cut lets through no more, seen from the machine. */
export interface Cut {
  /** Nobody at these networks or addresses … */
  from: readonly string[];
  /** … is heard. */
  hears?: boolean;
  /** … is sent anything. */
  sends?: boolean;
  /** The kernel ends it after this, whoever is left; left out: it lasts until `heal`. */
  limitSeconds?: number;
}

/** Cuts a machine off, silently as a dead link does; until `heal`. */
export async function cut(machine: string, options: Cut): Promise<void> {
  await inside(machine, `nft -f - <<'RULES'\n${cutRules(options).join("\n")}\nRULES\n`);
}

/** One table, made anew in one transaction: a second cut replaces the first. */
export function cutRules({ from, hears = false, sends = false, limitSeconds }: Cut): string[] {
  const timeout = limitSeconds === undefined ? "" : ` timeout ${limitSeconds}s`;
  const flags = limitSeconds === undefined ? "interval" : "interval, timeout";
  const elements = from.map((peer) => `${peer}${timeout}`).join(", ");
  const chain = (name: string, direction: "saddr" | "daddr") => [
    `add chain ${table} ${name} { type filter hook ${name} priority -300; policy accept; }`,
    `add rule ${table} ${name} ip ${direction} @peers drop`,
  ];
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    `add set ${table} peers { type ipv4_addr; flags ${flags}; auto-merge; }`,
    `add element ${table} peers { ${elements} }`,
    ...(hears ? [] : chain("input", "saddr")),
    ...(sends ? [] : chain("output", "daddr")),
  ];
}

export async function heal(machine: string): Promise<void> {
  await inside(machine, `nft delete table ${table} 2>/dev/null || true`);
}
