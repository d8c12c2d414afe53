import type { RegionOutputs } from "../../components/outputs.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { RemoteCommand, RemoteResult, RunOptions, SshSession } from "./ssh.ts";

type Outputs = { regions: Readonly<Record<string, Pick<RegionOutputs, "database"> | null>> };

/** The host of a region's database, as a session knows it; one that no stack names has the name of its role. */
export function databaseHost({ regions }: Outputs, region: string): { id: string } {
  return { id: regions[region]?.database.hostId ?? `${region}/database` };
}

export interface DatabaseCall extends RunOptions {
  region: string;
  command: RemoteCommand;
  /** What the error says of a failure, and what to run then; without it, that the host refuses. */
  otherwise?: { what: string; next?: string };
  /** A refusal (12) is a result for the caller to read, not an error. */
  mayRefuse?: boolean;
}

/**
 * Runs a verb on a region's database host. Throws a UserError with the host's own words where it does not do it, exit
 * code 12 where it refuses on facts; those of `run` besides.
 */
export async function onDatabase(
  { ssh, outputs }: { ssh: Pick<SshSession, "run">; outputs: Outputs },
  { region, command, otherwise, mayRefuse = false, ...options }: DatabaseCall,
): Promise<RemoteResult> {
  const { id } = databaseHost(outputs, region);
  const result = await ssh.run(id, command, options);
  const isRefusal = result.exitCode === exitCodes.refused;
  if (result.exitCode === 0 || (isRefusal && mayRefuse)) return result;
  throw new UserError({
    what: `${id} refuses`,
    ...otherwise,
    why: result.stderr.trim() || `exit code ${result.exitCode}`,
    exitCode: isRefusal ? exitCodes.refused : exitCodes.error,
  });
}
