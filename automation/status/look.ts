import { UserError } from "../errors.ts";
import type { Observation } from "../failover/observation.ts";
import { observe, type Scope } from "../failover/observe.ts";
import { hostsOf, type SiteOutputs } from "../hosts.ts";
import type { SshSession } from "../remote/ssh.ts";
import { machineProblems } from "../rollout/machines.ts";
import type { Session } from "../rollout/session.ts";
import { noteWriter } from "../site/writer.ts";

/** For one question to one host. A loaded two-core machine answers in two seconds. */
const askMs = 10_000;

/** One look at the whole site, or at what a failover decides by. */
export async function lookAt(
  session: Pick<Session, "place" | "config" | "secrets">,
  outputs: SiteOutputs,
  ssh: SshSession,
  scope: Scope = "site",
): Promise<Observation> {
  const observation = await observe({
    config: session.config,
    outputs,
    session: ssh,
    ca: session.secrets.tls.ca.certificate,
    machines: () => machinesOrNull(session, outputs),
    timeoutMs: askMs,
    scope,
  });
  const databases = observation.regions.map(({ name, database: { facts } }) => ({ name, facts }));
  return { ...observation, seenWriter: noteWriter(session.place.stateDirectory, databases) };
}

/** An engine that doesn't answer makes the machines unknown; the rest of the look still counts. */
async function machinesOrNull({ config }: Pick<Session, "config">, outputs: SiteOutputs) {
  try {
    return await machineProblems(config, outputs);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** Looks at a site as often as asked, over connections that stay open. */
export interface Look {
  once(): Promise<Observation>;
  close(): Promise<void>;
}

/** What a look that is repeated is made of; `S` is the session of a site that is there. */
export interface LookParts<S, Ssh> {
  /** What is seen where there is no host. */
  nothing: Observation;
  session: () => Promise<S | null>;
  outputs: (session: S) => Promise<SiteOutputs>;
  connect: (session: S, outputs: SiteOutputs) => Promise<Ssh>;
  /** Makes the hosts known that were not there when it was connected. */
  add: (ssh: Ssh, outputs: SiteOutputs) => Promise<void>;
  look: (session: S, outputs: SiteOutputs, ssh: Ssh) => Promise<Observation>;
}

/**
 * The stacks are asked each time, so that a site that is being built, extended or destroyed is seen as it is now.
 * Where it has no host any more, everything is begun anew: another site's life has other keys.
 */
export function repeatedLook<S, Ssh extends { close(): Promise<void> }>(parts: LookParts<S, Ssh>): Look {
  let session: S | null = null;
  let ssh: Ssh | null = null;
  const close = async () => {
    const open = ssh;
    [session, ssh] = [null, null];
    await open?.close();
  };
  const once = async () => {
    session ??= await parts.session();
    if (session === null) return parts.nothing;
    const outputs = await parts.outputs(session);
    if (hostsOf(outputs).length === 0) {
      await close();
      return parts.nothing;
    }
    if (ssh === null) ssh = await parts.connect(session, outputs);
    else await parts.add(ssh, outputs);
    return await parts.look(session, outputs, ssh);
  };
  return { once, close };
}
