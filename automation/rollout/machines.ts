import type { SiteConfig } from "../../components/config.ts";
import type { MachineProblem } from "../failover/observation.ts";
import { hostsOf, type SiteOutputs } from "../hosts.ts";
import { type Deployment, machinesInState } from "../stacks/state.ts";
import { globalStack } from "../stacks.ts";

/** Machines that the stacks made and Docker has not (or not running). Null for a provider that can't be asked yet. */
export async function machineProblems(
  config: Pick<SiteConfig, "site" | "provider">,
  outputs: SiteOutputs,
): Promise<MachineProblem[] | null> {
  if (config.provider !== "lab") return null;
  const { machinesOf } = await import("../lab/docker.ts");
  const running = new Map((await machinesOf(config.site)).map((machine) => [machine.name, machine.running]));
  return hostsOf(outputs).flatMap(({ id, name, machineUrn: urn }): MachineProblem[] => {
    if (running.get(name) === true) return [];
    const place = id.slice(0, id.indexOf("/"));
    const stack = place === "third" ? globalStack : place;
    return [{ id, name, stack, urn, state: running.has(name) ? "stopped" : "missing" }];
  });
}

/**
 * Resources of machines that a state knows and Docker has not: what `up` must replace. Read from the state and not
 * from the outputs, which a rollout that was cut off has not written yet.
 */
export async function missingUrns(site: string, state: Deployment): Promise<{ name: string; urn: string }[]> {
  const { missingMachines } = await import("../lab/docker.ts");
  const machines = machinesInState(state);
  const missing = new Set(
    await missingMachines(
      site,
      machines.map(({ name }) => name),
    ),
  );
  return machines.filter(({ name }) => missing.has(name));
}
