import { readFile } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { docker } from "./docker.ts";

/** A range of addresses that something on this machine already uses. */
export interface UsedNetwork {
  cidr: string;
  /** Who uses it, as a person would say it: "the route by eth0", "Docker network other". */
  by: string;
}

/** What this machine uses: its routes, its resolvers, and all Docker networks but the site's own. */
export async function usedNetworks(
  site: string,
  options: { docker: "must answer" | "if it answers" } = { docker: "must answer" },
): Promise<UsedNetwork[]> {
  const [routes, resolvers, networks] = await Promise.all([
    readFile("/proc/net/route", "utf8").catch(() => ""),
    readFile("/etc/resolv.conf", "utf8").catch(() => ""),
    dockerNetworks().catch((error: unknown) => {
      if (options.docker === "if it answers" && error instanceof UserError) return [];
      throw error;
    }),
  ]);
  const bridges = new Set(networks.map(({ bridge }) => bridge));
  return [
    ...parseRoutes(routes)
      .filter(({ device }) => !bridges.has(device))
      .map(({ cidr, device }) => ({ cidr, by: `the route by ${device}` })),
    ...parseResolvers(resolvers).map((address) => ({ cidr: `${address}/32`, by: "this machine's resolver" })),
    ...networks
      .filter((network) => network.site !== site)
      .flatMap(({ name, subnets }) => subnets.map((cidr) => ({ cidr, by: `Docker network ${name}` }))),
  ];
}

/** Reads /proc/net/route (addresses are hexadecimal, last octet first); default routes are left out. */
export function parseRoutes(text: string): { cidr: string; device: string }[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [device = "", destination = "", , , , , , mask = ""] = line.trim().split(/\s+/);
      if (device === "" || mask === "00000000") {
        return [];
      }
      const octets = (destination.match(/../g) ?? []).reverse().map((octet) => Number.parseInt(octet, 16));
      const prefix = Number.parseInt(mask, 16).toString(2).replaceAll("0", "").length;
      return [{ cidr: `${octets.join(".")}/${prefix}`, device }];
    });
}

/** The IPv4 resolvers of a resolv.conf that aren't on a loopback address. */
export function parseResolvers(text: string): string[] {
  return text
    .split("\n")
    .map((line) => /^\s*nameserver\s+(\d+(?:\.\d+){3})\s*$/.exec(line)?.[1] ?? "")
    .filter((address) => address !== "" && !address.startsWith("127."));
}

interface DockerNetwork {
  name: string;
  site: string;
  bridge: string;
  subnets: string[];
}

const networkFormat =
  '{{.Name}}\t{{index .Labels "evenkeel.site"}}\t{{.Id}}\t{{index .Options "com.docker.network.bridge.name"}}' +
  "\t{{range .IPAM.Config}}{{.Subnet}} {{end}}";

async function dockerNetworks(): Promise<DockerNetwork[]> {
  const ids = (await docker(["network", "ls", "--quiet"], { timeoutMs: 20_000 }))
    .split("\n")
    .filter((id) => id !== "");
  return parseDockerNetworks(
    await docker(["network", "inspect", "--format", networkFormat, ...ids], { timeoutMs: 20_000 }),
  );
}

/** Reads what `docker network inspect` prints in our own format. Docker names a bridge after the network's id. */
export function parseDockerNetworks(text: string): DockerNetwork[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      // Docker's clients differ: what is missing is printed as nothing or as "<no value>".
      const values = line.split("\t").map((value) => (value === "<no value>" ? "" : value));
      const [name = "", site = "", id = "", bridge = "", subnets = ""] = values;
      return {
        name,
        site,
        bridge: bridge === "" ? `br-${id.slice(0, 12)}` : bridge,
        subnets: subnets.split(" ").filter((subnet) => /^[\d.]+\/\d+$/.test(subnet)),
      };
    });
}
