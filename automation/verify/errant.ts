import { UserError } from "../errors.ts";
import { databaseCommand, parseDatabaseStatus } from "../remote/database.ts";
import { answers } from "../remote/digest.ts";
import type { SshSession } from "../remote/ssh.ts";
import { askDigest } from "./digests.ts";

const askMs = 15_000;

/**
 * What a standby holds that the active database never wrote: errant transactions, or a forked timeline (writer.md, W9).
 * The standby is asked first: what the active one wrote in between is no difference. Null where there is nothing;
 * throws where one of the two does not answer.
 */
export async function errantOf(ssh: SshSession, activeId: string, standbyId: string): Promise<string | null> {
  const own = await historyOf(ssh, standbyId);
  const other = await historyOf(ssh, activeId);
  return (await askDigest(ssh, standbyId, { ask: "missing", own, other }, answers.missing)).missing;
}

async function historyOf(ssh: SshSession, hostId: string): Promise<string> {
  const { exitCode, stdout, stderr } = await ssh.run(hostId, databaseCommand.status(), { timeoutMs: askMs });
  const history = exitCode === 0 ? parseDatabaseStatus(stdout).history : null;
  if (history !== null) return history;
  const why = stderr.trim() || "its database did not answer in time";
  throw new UserError({ what: `the history of ${hostId} can't be read`, why, code: "digest-failed" });
}
