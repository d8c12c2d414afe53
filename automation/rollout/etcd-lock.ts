import { UserError } from "../errors.ts";
import { askEtcd } from "../failover/etcd.ts";
import { hostsOf, openHosts } from "../hosts.ts";
import type { SiteLockRecord } from "../remote/operator-keys.ts";
import { say } from "../terminal.ts";
import { memberDial } from "./etcd-keys.ts";
import { readOutputs, type Session } from "./session.ts";
import { freeSiteLock } from "./site-lock.ts";

/** The site's lock in etcd, for a command that shows or frees it. */
export interface EtcdLock {
  /** Null: nobody. */
  holder: SiteLockRecord | null;
  /** Takes it away from that run; throws a UserError where no member answers. */
  free(run: string): Promise<void>;
  close(): Promise<void>;
}

const askMs = 12_000;

/**
 * Asks etcd who holds the site. Null where there is no etcd, and, said so, where it can't be asked: what is locked on this
 * machine can be freed all the same.
 */
export async function openEtcdLock(session: Session): Promise<EtcdLock | null> {
  try {
    return await ask(session);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`Whether the site is locked in etcd can't be told: ${error.what}.`);
    return null;
  }
}

async function ask(session: Session): Promise<EtcdLock | null> {
  const { name: site } = session.place;
  const outputs = await readOutputs(session);
  if (hostsOf(outputs).length === 0) return null;
  const ssh = await openHosts(session.place, outputs, session.secrets, memberDial);
  const observed = await askEtcd(ssh, outputs, askMs);
  if (observed === null || observed.keys === null) {
    await ssh.close();
    const silent = (observed?.members ?? []).filter(({ state }) => state !== "absent");
    for (const { host, why } of silent)
      say(`Whether the site is locked in etcd can't be told: ${host} says ${why}.`);
    return null;
  }
  return {
    holder: observed.keys.lock,
    free: (run) => freeSiteLock({ ssh, outputs, site }, run),
    close: () => ssh.close(),
  };
}
