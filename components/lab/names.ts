import type { RegionPlan, ThirdPlan } from "../plan.ts";

/** A name that a site takes of the machine's Docker, which has one namespace a kind for all sites. */
export interface LabName {
  kind: "container" | "network" | "volume";
  name: string;
  /** The place whose it is, or "peering". */
  place: string;
}

/** The networks of a place: the internal one of all its hosts, and the one of its gateway's outside leg. */
export function placeNetworks(site: string, place: string): { inner: string; outside: string } {
  const inner = `evenkeel-${site}-${place}`;
  return { inner, outside: `${inner}-outside` };
}

export function peeringNetwork(site: string): string {
  return `evenkeel-${site}-peering`;
}

/** Names of a region's machines, each with the address it has inside its region. */
export function regionMachines(plan: RegionPlan) {
  const web = plan.web.map((address, i) => ({
    id: `${plan.name}/web-${i + 1}`,
    name: `${plan.namePrefix}-web-${i + 1}`,
    address,
  }));
  return {
    gateway: { id: `${plan.name}/gateway`, name: `${plan.namePrefix}-gateway`, address: plan.gateway },
    database: { id: `${plan.name}/database`, name: `${plan.namePrefix}-database`, address: plan.database },
    store: { id: `${plan.name}/store`, name: `${plan.namePrefix}-store`, address: plan.store },
    cache: { id: `${plan.name}/cache`, name: `${plan.namePrefix}-cache`, address: plan.cache },
    web,
  };
}

/** The one machine of the third place. */
export function edgeMachine({ namePrefix, edge }: ThirdPlan) {
  return { id: "third/edge", name: `${namePrefix}-edge`, address: edge };
}

/** The volume of a web host's uploads. */
export function uploadsVolume(host: string): string {
  return `${host}-uploads`;
}

/** Every name that a site of this plan takes, those of parts that are switched off included. */
export function labNames(plan: {
  site: string;
  regionPlans: readonly RegionPlan[];
  third: ThirdPlan;
}): LabName[] {
  const { site, regionPlans, third } = plan;
  const machines = regionPlans.flatMap((region) => {
    const { web, ...others } = regionMachines(region);
    const container = ({ name }: { name: string }) => ({
      kind: "container" as const,
      name,
      place: region.name,
    });
    const volume = ({ name }: { name: string }) => ({
      kind: "volume" as const,
      name: uploadsVolume(name),
      place: region.name,
    });
    return [...Object.values(others).map(container), ...web.map(container), ...web.map(volume)];
  });
  return [
    ...networksOf(
      site,
      regionPlans.map(({ name }) => name),
    ),
    ...machines,
    { kind: "container", name: edgeMachine(third).name, place: "third" },
  ];
}

/** Networks of a site, by the names of its regions. */
function networksOf(site: string, regions: readonly string[]): LabName[] {
  const ofPlaces = [...regions, "third"].flatMap((place) =>
    Object.values(placeNetworks(site, place)).map((name) => ({ kind: "network" as const, name, place })),
  );
  return [...ofPlaces, { kind: "network", name: peeringNetwork(site), place: "peering" }];
}

/** Places of one site that would be on one network: region "a" looks out by what would be the network of "a-outside". */
export function sharedNetworks(site: string, regions: readonly string[]): (LabName & { by: string })[] {
  const owners = new Map<string, string>();
  return networksOf(site, regions).flatMap((network) => {
    const by = owners.get(network.name) ?? network.place;
    owners.set(network.name, by);
    return by === network.place ? [] : [{ ...network, by }];
  });
}
