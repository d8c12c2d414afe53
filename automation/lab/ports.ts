import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** The outside ports of one place on 127.0.0.1. Only the third place answers DNS (one number, TCP and UDP). */
export interface PlacePorts {
  ssh: number;
  https: number;
  dns?: number;
}

/** By place: the regions' names and `third`. What stands in `.evenkeel/<site>/ports.json`. */
export type SitePorts = Record<string, PlacePorts>;

export interface PortOptions {
  regions: readonly string[];
  /** Ports chosen earlier: kept as they are, used or not (the site's own hosts hold them). */
  existing?: SitePorts;
  /** Ports that other sites keep for themselves though nothing may listen on them now. */
  taken?: Iterable<number>;
  /** Where to look first; a random start keeps two checkouts on one machine apart. */
  start?: number;
  isFree?: (port: number) => Promise<boolean>;
}

/** Below every ephemeral range in use (Linux's begins at 32768), above the well-known ones. */
const range = { first: 20_000, last: 29_999 };

/** Chooses the ports that a site doesn't have yet, each once. Throws when the whole range is in use. */
export async function choosePorts(options: PortOptions): Promise<SitePorts> {
  const { existing = {}, isFree = portIsFree } = options;
  const used = new Set([...(options.taken ?? []), ...Object.values(existing).flatMap(portsOf)]);
  const candidates = portsFrom(options.start ?? randomPort());
  const next = async (): Promise<number> => {
    // Not `for … of`: leaving one would end the iterator that the next port goes on with.
    for (let { value: port } = candidates.next(); port !== undefined; { value: port } = candidates.next()) {
      if (!used.has(port) && (await isFree(port))) {
        used.add(port);
        return port;
      }
    }
    throw new Error(`no free port between ${range.first} and ${range.last}`);
  };
  const ports: SitePorts = { ...existing };
  for (const place of [...options.regions, "third"]) {
    const present: Partial<PlacePorts> = existing[place] ?? {};
    ports[place] = { ssh: present.ssh ?? (await next()), https: present.https ?? (await next()) };
    if (place === "third") {
      ports[place].dns = present.dns ?? (await next());
    }
  }
  return ports;
}

function portsOf({ ssh, https, dns }: PlacePorts): number[] {
  return dns === undefined ? [ssh, https] : [ssh, https, dns];
}

/** Every port of the range once, from `start` on and round. One iterator: a port refused isn't asked again. */
function* portsFrom(start: number): Generator<number, undefined> {
  const size = range.last - range.first + 1;
  for (let step = 0; step < size; step += 1) {
    yield range.first + ((start - range.first + step) % size);
  }
  return undefined;
}

function randomPort(): number {
  return range.first + Math.floor(Math.random() * (range.last - range.first + 1));
}

/** True when nothing holds the port on 127.0.0.1, neither for TCP nor for UDP. */
export async function portIsFree(port: number): Promise<boolean> {
  return (await tcpIsFree(port)) && (await udpIsFree(port));
}

function tcpIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function udpIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
