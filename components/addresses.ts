/** IPv4 networks as numbers. Everything here is pure; addresses are dotted quads, networks "a.b.c.d/n". */

export interface Cidr {
  /** First address as an unsigned 32-bit number. */
  base: number;
  prefix: number;
}

/** The network of a text such as "10.10.0.0/16" (prefix 8 to 24), or null where it is none. Host bits must be zero. */
export function parseCidr(text: string): Cidr | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return null;
  const octets = match.slice(1, 5).map(Number);
  const prefix = Number(match[5]);
  if (octets.some((octet) => octet > 255) || prefix < 8 || prefix > 24) return null;
  const base = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return base % 2 ** (32 - prefix) === 0 ? { base, prefix } : null;
}

/** The first /24 of a network: the part of a place's range that is in use. */
export function subnetOf(cidr: string): string {
  return `${toText(mustParse(cidr).base)}/24`;
}

/** The n-th address of a network, e.g. (10.10.0.0/24, 2) → 10.10.0.2. */
export function addressIn(cidr: string, n: number): string {
  return toText(mustParse(cidr).base + n);
}

/** The pairs of names whose networks overlap. Texts that are no networks are left out. */
export function overlapping(networks: Readonly<Record<string, string>>): [string, string][] {
  const parsed = Object.entries(networks).flatMap(([name, text]) => {
    const cidr = parseCidr(text);
    return cidr === null ? [] : [{ name, cidr }];
  });
  return parsed.flatMap((a, i) =>
    parsed
      .slice(i + 1)
      .filter((b) => intersects(a.cidr, b.cidr))
      .map((b): [string, string] => [a.name, b.name]),
  );
}

function intersects(a: Cidr, b: Cidr): boolean {
  const size = 2 ** (32 - Math.min(a.prefix, b.prefix));
  return Math.floor(a.base / size) === Math.floor(b.base / size);
}

function mustParse(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === null) throw new Error(`${text} is no IPv4 network`);
  return cidr;
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
