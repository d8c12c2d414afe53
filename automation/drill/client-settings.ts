/** What a drill's client is told, as the first line of its standard input: nothing of it stands in an argument. */
export interface ClientSettings {
  /** The site's public name. */
  domain: string;
  port: number;
  /** Certificate of the site's authority, PEM. */
  ca: string;
  ledgerKey: string;
  /** The name server that is asked for the domain; null: `addresses` are used as they are (tests without one). */
  dns: { server: string; port: number } | null;
  addresses: readonly string[];
  /** The address that one connection stays with for good; null: no such connection. */
  pinned: string | null;
  item: string;
  prefix: string;
  /** Writing connections through the public name, and reading ones. */
  connections: number;
  readers: number;
  readPath: string;
  /** Requests a second of each connection, at most. */
  rate: number;
  /** After this a request counts as unanswered, so that a server that hangs can't stop the clock. */
  answerMs: number;
  /** A host that takes no connection within this is gone: the name is asked again. */
  connectMs: number;
  /** The client ends by itself after this. */
  limitSeconds: number;
}

/** How many ask, how often and for how long where the drill says nothing else. */
export const clientDefaults = {
  port: 443,
  connections: 4,
  readers: 2,
  readPath: "/",
  rate: 5,
  answerMs: 3000,
  connectMs: 1000,
} as const;

const texts = ["domain", "ca", "ledgerKey", "item", "prefix", "readPath"] as const;
const numbers = ["port", "connections", "readers", "rate", "answerMs", "connectMs", "limitSeconds"] as const;

/** Throws, naming the field and never a value, on what the client can't work with. */
export function parseClientSettings(line: string): ClientSettings {
  let value: Partial<ClientSettings>;
  try {
    value = JSON.parse(line) as Partial<ClientSettings>;
  } catch {
    throw new Error("the first line of standard input is no JSON document");
  }
  for (const field of texts)
    if (typeof value[field] !== "string" || value[field] === "") throw new Error(`${field} is missing`);
  for (const field of numbers)
    if (!Number.isFinite(value[field]) || (value[field] as number) < 0)
      throw new Error(`${field} is no number`);
  if (!((value.rate as number) > 0)) throw new Error("rate must be above 0");
  if (value.dns == null && !(Array.isArray(value.addresses) && value.addresses.length > 0))
    throw new Error("dns and addresses are both missing: there is nobody to ask");
  return { ...value, addresses: value.addresses ?? [], dns: value.dns ?? null } as ClientSettings;
}
