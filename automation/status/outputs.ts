import { hostsOf, type SiteOutputs } from "../hosts.ts";
import { apiVersion, facts, jsonDocument, table, writeResult } from "../output.ts";
import { builtSite } from "./built.ts";

/** `evenkeel outputs`: addresses and hosts as the stacks gave them out. Nothing in it is secret, nothing is asked. */
export async function showOutputs(args: { site: string; format: string }): Promise<void> {
  const { session, outputs } = await builtSite(args.site);
  const { site } = session.config;
  writeResult(
    args.format === "json" ? jsonDocument({ apiVersion, site, ...outputs }) : outputsTable(outputs),
  );
}

export function outputsTable(outputs: SiteOutputs): string {
  const { global } = outputs;
  const head = facts([
    ["URL", global?.url ?? "-"],
    ["DNS", global === null ? "-" : `${global.dns.name} at ${global.dns.server}:${global.dns.port}`],
    ...Object.entries(outputs.regions).map(([name, region]) => [name, region?.url ?? "not built"] as const),
  ]);
  const rows = hostsOf(outputs).map(({ id, name, role, address, peeringAddress }) => [
    id,
    name,
    role,
    address,
    peeringAddress,
  ]);
  return `${head}\n${table(["Host", "Machine", "Role", "Address", "Peering"], rows)}`;
}
