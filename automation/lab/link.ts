import { join } from "node:path";
import { execa } from "execa";
import { peeringNetwork } from "../../components/lab/names.ts";
import type { RegionOutputs } from "../../components/outputs.ts";
import { cloneRoot } from "../engine/cache.ts";
import { UserError } from "../errors.ts";

const linkMs = 60_000;

/**
 * Gives every gateway and database of the regions its leg on the link again, as the stack `global` does: a machine made
 * anew has none until that stack ran, and nobody could ask it anything. Does nothing where all legs are there.
 */
export async function remakeLink(
  site: string,
  regions: readonly RegionOutputs[],
  subnet: string,
): Promise<void> {
  const hosts = regions
    .flatMap((region) => region.hosts)
    .filter(({ peeringAddress }) => peeringAddress !== null);
  const members = hosts.map(({ name, peeringAddress }) => ({ container: name, address: peeringAddress }));
  const script = join(cloneRoot, "components/lab/lab-host.sh");
  const made = await execa("bash", [script, "link", "create", peeringNetwork(site)], {
    input: JSON.stringify({ site, subnet, members }),
    reject: false,
    timeout: linkMs,
  });
  if (made.exitCode === 0) return;
  throw new UserError({
    what: "the link between the regions could not be made again",
    why: String(made.stderr).trim(),
    next: "run the command again",
    code: "link",
  });
}
