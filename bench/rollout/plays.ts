import type { BenchHost, BenchSite } from "./hosts.ts";
import type { Place } from "./order.ts";

/** Which play of the playbook does which step: what orderProblems judges. Pure. */

export const playNames = {
  ground: "Networks, volumes and gateways",
  regions: "Hosts of the regions and their roles",
  third: "The link and the third place",
  birth: "Roles of the third place; birth, first installation and seeding",
  round: "What follows on all hosts at once",
} as const;

/** The gateways of the regions: the other hosts of their place are made when they are there. */
export function regionGateways({ hosts }: Pick<BenchSite, "hosts">): BenchHost[] {
  return hosts.filter(({ role }) => role === "gateway");
}

/** All hosts but the third place's. */
export function regionHosts({ hosts, edge }: Pick<BenchSite, "hosts" | "edge">): BenchHost[] {
  return hosts.filter((host) => host !== edge);
}

/**
 * Play, lane and turn of each step by its id. The lanes of the first four plays are hosts; the chain of verbs runs in
 * the lane of its first host, whichever hosts they go to.
 */
export function placesOf(site: BenchSite): Map<string, Place> {
  const places = new Map<string, Place>();
  const put = (play: number, lane: string, steps: readonly { id: string }[], firstTurn = 0) => {
    for (const [i, { id }] of steps.entries()) places.set(id, { play, lane, turn: firstTurn + i });
  };
  const gateways = new Set(regionGateways(site));
  for (const host of site.hosts) {
    put(0, host.name, [...host.things, ...(gateways.has(host) ? [host.machine] : [])]);
    const made = host === site.edge || gateways.has(host) ? [] : [host.machine];
    put(host === site.edge ? 3 : 1, host.name, [...made, ...host.pushes, ...host.roles]);
  }
  put(2, site.edge.name, [site.link, site.edge.machine]);
  put(
    3,
    `chain of ${site.chain[0]?.host}`,
    site.chain.map(({ step }) => step),
  );
  for (const [i, round] of site.rounds.entries()) {
    for (const { host, step } of round) put(4 + i, host, [step]);
  }
  return places;
}
