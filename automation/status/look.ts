import { UserError } from "../errors.ts";
import type { Observation } from "../failover/observation.ts";
import { observe } from "../failover/observe.ts";
import type { SiteOutputs } from "../hosts.ts";
import type { SshSession } from "../remote/ssh.ts";
import { machineProblems } from "../rollout/machines.ts";
import type { Session } from "../rollout/session.ts";

/** For one question to one host. A loaded two-core machine answers in two seconds. */
const askMs = 10_000;

/** One look at the whole site. */
export function lookAt(session: Session, outputs: SiteOutputs, ssh: SshSession): Promise<Observation> {
  return observe({
    config: session.config,
    outputs,
    session: ssh,
    ca: session.secrets.tls.ca.certificate,
    machines: () => machinesOrNull(session, outputs),
    timeoutMs: askMs,
  });
}

/** An engine that doesn't answer makes the machines unknown; the rest of the look still counts. */
async function machinesOrNull({ config }: Session, outputs: SiteOutputs) {
  try {
    return await machineProblems(config, outputs);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
