import { execa } from "execa";
import type { HostOutputs } from "../../../components/outputs.ts";
import { onHost, type SiteHandle } from "./site.ts";

/** What a kind of host offers; docs/architecture.md ("Ports") says the same in a table, and what for. */
export interface Offered {
  /** TCP ports open to the hosts of its own place. */
  tcp: number[];
  udp: number[];
  /** TCP ports open on the link; null: it has no leg there. */
  link: number[] | null;
  /** TCP ports open on its outside leg, as this machine finds them; null: it has none. */
  outside: number[] | null;
}

export const declared: Record<HostOutputs["role"], Offered> = {
  gateway: {
    ...{ tcp: [22, 53, 80, 443, 2379, 2391, 2392, 3142], udp: [53] },
    ...{ link: [22, 80, 443, 2379, 2380], outside: [22, 80, 443] },
  },
  edge: {
    ...{ tcp: [22, 53, 80, 443, 3142], udp: [53] },
    ...{ link: [22, 53, 80, 443, 2379, 2380], outside: [22, 53, 80, 443] },
  },
  web: { tcp: [22, 80, 443], udp: [], link: null, outside: null },
  database: { tcp: [22, 3306], udp: [], link: [22, 3306], outside: null },
  cache: { tcp: [22, 6379], udp: [], link: null, outside: null },
  store: { tcp: [22, 7070], udp: [], link: null, outside: null },
};

/**
 * Asks every TCP port of an address whether it accepts. On Linux a refused socket may connect again, which halves the
 * time. A port that says nothing is an error: here refusals come at once, so the scan would not be one.
 */
const scanner = `
import errno, json, socket, struct, sys
def fresh():
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 2, 0))
    return line
def scan(address):
    line, found = fresh(), []
    for port in range(1, 65536):
        answer = line.connect_ex((address, port))
        if answer == 0:
            found.append(port)
            line.close()
            line = fresh()
        elif answer == errno.ENETUNREACH:
            return None
        elif answer != errno.ECONNREFUSED:
            raise OSError(answer, "port %d of %s" % (port, address))
    return found
print(json.dumps({address: scan(address) for address in sys.argv[1:]}))
`;

type Open = Record<string, number[] | null>;
const scanMs = 150_000;

/** The open TCP ports of each address, as a host finds them; null: no route leads there. */
export async function scan(site: SiteHandle, from: string, addresses: readonly string[]): Promise<Open> {
  const options = { stdin: scanner, timeoutMs: scanMs };
  return JSON.parse(await onHost(site, from, ["python3", "-I", "-", ...addresses], options)) as Open;
}

/** The same as this machine finds them. */
export async function scanFromHere(addresses: readonly string[]): Promise<Open> {
  const options = { input: scanner, timeout: scanMs };
  const { stdout } = await execa("python3", ["-I", "-", ...addresses], options);
  return JSON.parse(stdout) as Open;
}

/** Where something listens ("address:port") by lines of `ss -Hlun` or `-Hltn`, this host's own business left out. */
export function listening(lines: string): string[] {
  return lines
    .split("\n")
    .flatMap((line) => line.trim().split(/\s+/)[3] ?? [])
    .filter((address) => !/^(127\.|\[::1\])/.test(address))
    .sort();
}

/** Local and peer address of each established connection, by lines of `ss -Htn`. */
export function connections(
  lines: string,
): { local: string; localPort: number; peer: string; peerPort: number }[] {
  return lines.split("\n").flatMap((line) => {
    const [state, , , local = "", peer = ""] = line.trim().split(/\s+/);
    const port = (address: string) => Number(address.slice(address.lastIndexOf(":") + 1));
    const host = (address: string) => address.slice(0, address.lastIndexOf(":"));
    return state === "ESTAB"
      ? [{ local: host(local), localPort: port(local), peer: host(peer), peerPort: port(peer) }]
      : [];
  });
}
