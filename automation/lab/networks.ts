import { exitCodes, UserError } from "../errors.ts";
import { type UsedNetwork, usedNetworks } from "./used-networks.ts";

export interface Clash {
  /** Whose network it is: a place's name or "peering". */
  name: string;
  cidr: string;
  by: string;
}

interface Range {
  /** First address as an unsigned 32-bit number. */
  base: number;
  prefix: number;
}

/** Networks by name, in CIDR form: `{ primary: "10.10.0.0/16", …, peering: "10.99.0.0/24" }`. */
export type Networks = Readonly<Record<string, string>>;

/**
 * Refuses (exit 12) a site's networks where a route of this machine, its resolvers, or another Docker network overlaps
 * them; the UserError proposes a free set. The site's own networks may be there already.
 */
export async function checkNetworks(site: string, wanted: Networks): Promise<void> {
  const error = networkClash(site, wanted, await usedNetworks(site));
  if (error !== null) throw error;
}

/** The refusal of networks that are in use on this machine, or null where all are free. */
export function networkClash(site: string, wanted: Networks, used: readonly UsedNetwork[]): UserError | null {
  const found = clashes(wanted, used);
  if (found.length === 0) return null;
  return new UserError({
    what: `networks of the site ${site} are in use: ${found.map(({ name, cidr }) => `${name} ${cidr}`).join(", ")}`,
    why: found.map(({ cidr, by }) => `${cidr} overlaps ${by}`).join("; "),
    next: `set evenkeel:networks in its Pulumi.yaml to free ones, for example ${describe(proposeNetworks(wanted, used))}`,
    exitCode: exitCodes.refused,
    code: "network-clash",
  });
}

/**
 * The wanted networks, those moved to a free range that clash with each other, with `others`, or with what this machine
 * uses (the site's own aside). Where no Docker Engine answers, what it uses is not known and left out.
 */
export async function freeNetworks(
  site: string,
  wanted: Networks,
  others: readonly UsedNetwork[] = [],
): Promise<Networks> {
  return proposeNetworks(wanted, [...others, ...(await usedNetworks(site, { docker: "if it answers" }))]);
}

/** Every overlap of a wanted network with one in use, and of the wanted ones with each other. */
export function clashes(wanted: Networks, used: readonly UsedNetwork[]): Clash[] {
  const entries = Object.entries(wanted);
  return entries.flatMap(([name, cidr], index) => {
    const earlier = entries
      .slice(0, index)
      .map(([other, range]) => ({ cidr: range, by: `the network of ${other}` }));
    const first = [...used, ...earlier].find((network) => overlap(cidr, network.cidr));
    return first ? [{ name, cidr, by: `${first.by} (${first.cidr})` }] : [];
  });
}

/** The wanted networks with each clashing one moved to the next free range of its size below 10.0.0.0/8. */
export function proposeNetworks(wanted: Networks, used: readonly UsedNetwork[]): Networks {
  const clashing = new Set(clashes(wanted, used).map(({ name }) => name));
  const taken = used.map(({ cidr }) => cidr);
  const proposal: Record<string, string> = {};
  for (const [name, cidr] of Object.entries(wanted)) {
    if (!clashing.has(name)) {
      proposal[name] = cidr;
      taken.push(cidr);
    }
  }
  for (const name of clashing) {
    const free = firstFree(parseCidr(wanted[name] ?? "").prefix, taken);
    proposal[name] = free;
    taken.push(free);
  }
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, proposal[name] ?? ""]));
}

const proposals: Range = { base: 0x0a000000, prefix: 8 };

function firstFree(prefix: number, taken: readonly string[]): string {
  const size = 2 ** (32 - prefix);
  const end = proposals.base + 2 ** (32 - proposals.prefix);
  for (let base = proposals.base + size; base + size <= end; base += size) {
    const cidr = formatCidr({ base, prefix });
    if (!taken.some((other) => overlap(cidr, other))) {
      return cidr;
    }
  }
  throw new UserError({
    what: `this machine leaves no free /${prefix} in ${formatCidr(proposals)} for a site's network`,
    next: "ip route shows what is in use; end the VPN whose route takes it all, or set evenkeel:networks to networks elsewhere",
    exitCode: exitCodes.refused,
    code: "no-free-network",
  });
}

/** Reads "10.10.0.0/16"; a bare address is a /32. Throws on anything else. */
export function parseCidr(cidr: string): Range {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(cidr);
  const [a, b, c, d] = (match ?? []).slice(1, 5).map(Number);
  const prefix = Number(match?.[5] ?? 32);
  if (
    a === undefined ||
    b === undefined ||
    c === undefined ||
    d === undefined ||
    prefix > 32 ||
    Math.max(a, b, c, d) > 255
  ) {
    throw new Error(`"${cidr}" is no IPv4 network (like 10.10.0.0/16)`);
  }
  const address = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  return { base: address - (address % 2 ** (32 - prefix)), prefix };
}

function formatCidr({ base, prefix }: Range): string {
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${prefix}`;
}

/** True when the two networks share an address. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [parseCidr(one), parseCidr(other)];
  const size = 2 ** (32 - Math.min(a.prefix, b.prefix));
  return Math.floor(a.base / size) === Math.floor(b.base / size);
}

function describe(networks: Networks): string {
  return Object.entries(networks)
    .map(([name, cidr]) => `${name} ${cidr}`)
    .join(", ");
}
