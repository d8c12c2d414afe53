import { addressIn, subnetOf } from "./addresses.ts";

/** A region with every address that the other side needs beforehand. */
export interface RegionPlan {
  name: string;
  /** 1, 2, … in the order of `regions`: MariaDB's server id and auto-increment offset. */
  index: number;
  /** What the machines of this region are called: `<namePrefix>-gateway`, `-database`, `-web-1`, … */
  namePrefix: string;
  location: string;
  /** 0: the uploads lie on the web host's own disk. */
  uploadsVolumeGb: number;
  cidr: string;
  subnet: string;
  gateway: string;
  database: string;
  cache: string;
  store: string;
  web: string[];
  /** Every address that a web host of the region may ever have, so that one more changes nobody's packet filter. */
  webPlaces: string[];
  peering: { gateway: string; database: string };
}

/** The third place: edge, DNS, and the member of etcd that makes a majority with either region. */
export interface ThirdPlan {
  namePrefix: string;
  cidr: string;
  subnet: string;
  edge: string;
  peering: { edge: string };
}

/** The network that the regions share (later: VPC peering). */
export interface LinkPlan {
  cidr: string;
  subnet: string;
}

/** Networks by place, as the configuration gives them: checked to be there. */
type Networks = Readonly<Record<string, string>>;

/** Where the roles' addresses lie in a place's subnet, and a region's on the link (ten addresses a region). */
const hostNumbers = { gateway: 2, database: 20, cache: 21, store: 22, firstWeb: 31 };
export const mostWebServers = 4;

/** Names in the site's zone that are the zone's own; each region has one of its own beside them. */
export const zoneNames: readonly string[] = ["www", "ns1"];

const linkNumbers = { perRegion: 10, database: 1, edge: 200 };

interface RegionsToPlan {
  regions: readonly Pick<RegionPlan, "name" | "namePrefix" | "location" | "uploadsVolumeGb">[];
  networks: Networks;
  webServers: number;
}

export function planRegions({ regions, networks, webServers }: RegionsToPlan): RegionPlan[] {
  const link = planLink(networks).subnet;
  return regions.map(({ name, namePrefix, location, uploadsVolumeGb }, position): RegionPlan => {
    const cidr = networks[name] as string;
    const subnet = subnetOf(cidr);
    const index = position + 1;
    const onLink = linkNumbers.perRegion * index;
    const webPlaces = Array.from({ length: mostWebServers }, (_, i) =>
      addressIn(subnet, hostNumbers.firstWeb + i),
    );
    return {
      name,
      index,
      namePrefix,
      location,
      uploadsVolumeGb,
      cidr,
      subnet,
      gateway: addressIn(subnet, hostNumbers.gateway),
      database: addressIn(subnet, hostNumbers.database),
      cache: addressIn(subnet, hostNumbers.cache),
      store: addressIn(subnet, hostNumbers.store),
      web: webPlaces.slice(0, webServers),
      webPlaces,
      peering: { gateway: addressIn(link, onLink), database: addressIn(link, onLink + linkNumbers.database) },
    };
  });
}

export function planThird(site: string, networks: Networks): ThirdPlan {
  const cidr = networks.third as string;
  const subnet = subnetOf(cidr);
  return {
    namePrefix: `evenkeel-${site}-third`,
    cidr,
    subnet,
    edge: addressIn(subnet, hostNumbers.gateway),
    peering: { edge: addressIn(planLink(networks).subnet, linkNumbers.edge) },
  };
}

/**
 * A site's members of etcd, each at its address on the link: one a region, on its gateway, and one in the third place. A
 * site of one region has that region's alone: of two, either one's loss would cost the majority.
 */
export function etcdMembers(plan: {
  regionPlans: readonly RegionPlan[];
  third: ThirdPlan;
}): { name: string; address: string }[] {
  const ofRegions = plan.regionPlans.map(({ name, peering }) => ({ name, address: peering.gateway }));
  return ofRegions.length === 1
    ? ofRegions
    : [...ofRegions, { name: "third", address: plan.third.peering.edge }];
}

export function planLink(networks: Networks): LinkPlan {
  const cidr = networks.peering as string;
  return { cidr, subnet: subnetOf(cidr) };
}
