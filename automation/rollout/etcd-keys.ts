import { exitCodes, UserError } from "../errors.ts";
import { askEtcd, toEtcdFacts } from "../failover/etcd.ts";
import { ask } from "../failover/facts.ts";
import { commandsOf } from "../failover/next.ts";
import type { EtcdFacts, EtcdMember } from "../failover/observation.ts";
import type { SiteOutputs } from "../hosts.ts";
import { parseEtcdKeys } from "../remote/etcd.ts";
import type { RemoteCommand, SshSession } from "../remote/ssh.ts";
import { siteFlag } from "../site.ts";

/** How an operator's command dials a host of a member: one that is gone must not keep the others waiting. */
export const memberDial = { attempts: 2, timeoutSeconds: 5 };
const askMs = 12_000;

/** What etcd holds, and a member that said so. Throws a UserError where it has no majority (1) or the site has none yet (12). */
export async function keysOf(
  ssh: SshSession,
  outputs: SiteOutputs,
  site: string,
): Promise<{ keys: EtcdFacts; member: EtcdMember }> {
  const { members, keys } = (await askEtcd(ssh, outputs, askMs)) ?? { members: [], keys: null };
  const member = members.find(({ state }) => state === "well");
  if (keys !== null && member !== undefined) return { keys, member };
  if (members.every(({ state }) => state === "absent")) throw noEtcd(site);
  throw new UserError({
    what: `etcd of the site ${site} has no majority, so nothing can be told or changed there`,
    why: members.map(({ host, why }) => `${host}: ${why}`).join("\n"),
    next: commandsOf(siteFlag(site)).status,
    code: "no-majority",
  });
}

/**
 * Has a member put something, and gives the keys as they are behind that. Throws a UserError (1) that says `what` was not
 * done for sure where it does not answer so.
 */
export async function putThrough(options: {
  ssh: SshSession;
  member: EtcdMember;
  command: RemoteCommand;
  what: string;
  next: string;
}): Promise<EtcdFacts> {
  const { ssh, member, command, what, next } = options;
  const put = await ask(ssh, { id: member.host }, command, askMs, parseEtcdKeys);
  if (put.value !== null) return toEtcdFacts(put.value);
  throw new UserError({
    what: `${what} for sure`,
    why: `${member.host}: ${put.why}`,
    next,
    code: "etcd-put",
  });
}

function noEtcd(site: string): UserError {
  return new UserError({
    what: `the site ${site} has no etcd yet, so its databases are replicated asynchronously`,
    next: commandsOf(siteFlag(site)).provision,
    exitCode: exitCodes.refused,
    code: "no-etcd",
  });
}
