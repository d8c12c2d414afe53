import { parseWebStatus, type WebStatus } from "../../../automation/remote/web.ts";
import { asRoot, eventually, get, type Reply, type SiteHandle, site } from "./site.ts";

export const regionNames = ["primary", "secondary"];
export const webHost = (region: string) => `${region}/web-1`;

/** The web tiers of both regions of the provisioned site. */
export interface WebTiers {
  site: SiteHandle;
  active: string;
  standby: string;
  urlOf(region: string): string;
  probe(region: string, path: string): Promise<Reply>;
  /** Runs as root on a web host; throws with what was printed when it fails. */
  run(region: string, argv: readonly string[], stdin?: string): Promise<string>;
  statusOf(region: string): Promise<WebStatus>;
}

/** Waits until a region is active, as it need not be right after what another test file did. */
export async function webTiers(): Promise<WebTiers> {
  const handle = await site();
  const urlOf = (region: string) => handle.regions[region]?.url as string;
  const probe = (region: string, path: string) => get(`${urlOf(region)}${path}`, { timeoutMs: 8_000 });
  const run = async (region: string, argv: readonly string[], stdin?: string) => {
    const options = stdin === undefined ? {} : { stdin };
    const { exitCode, stdout, stderr } = await handle.ssh(webHost(region), ["sudo", "-n", ...argv], options);
    if (exitCode !== 0) throw new Error(`${argv.join(" ")}: exit ${exitCode}: ${stderr}`);
    return stdout;
  };
  const active = await eventually("a region is active", 30_000, async () => {
    const answers = await Promise.all(regionNames.map((name) => probe(name, "/evenkeel/active")));
    return regionNames[answers.findIndex(({ status }) => status === 200)] ?? null;
  });
  return {
    site: handle,
    active,
    standby: regionNames.find((name) => name !== active) as string,
    urlOf,
    probe,
    run,
    statusOf: async (region) => parseWebStatus(await run(region, ["evenkeel-web", "status"])),
  };
}

/** Ids of a region's web hosts. */
const webHosts = (handle: SiteHandle, region: string) =>
  handle.regions[region]?.hosts.filter(({ role }) => role === "web").map(({ id }) => id) ?? [];

/** As an operator closes a region's gates for longer: its web hosts' keepers would open them again. */
export async function closeGates(handle: SiteHandle, region: string): Promise<void> {
  for (const id of webHosts(handle, region)) {
    await asRoot(handle, id, ["systemctl", "stop", "evenkeel-keeper"]);
    await asRoot(handle, id, ["evenkeel-web", "close"]);
  }
}

/** Lets the keepers of a region's web hosts open its gates, and waits until they have. */
export async function openGates(handle: SiteHandle, region: string): Promise<void> {
  for (const id of webHosts(handle, region)) {
    await asRoot(handle, id, ["systemctl", "start", "evenkeel-keeper"]);
    await eventually(`the gate of ${id} is open`, 30_000, async () => {
      const { gate } = parseWebStatus(await asRoot(handle, id, ["evenkeel-web", "status"]));
      return gate === "open" ? true : null;
    });
  }
}
