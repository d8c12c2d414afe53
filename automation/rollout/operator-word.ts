import type { SiteConfig } from "../../components/config.ts";
import type { EtcdFacts } from "../failover/observation.ts";
import { openHosts } from "../hosts.ts";
import { interrupts } from "../interrupt.ts";
import { journalled, openJournal } from "../journal.ts";
import { userName } from "../lock.ts";
import { secretValues } from "../redact.ts";
import type { RemoteCommand } from "../remote/ssh.ts";
import { journalFile } from "../site.ts";
import { builtSite } from "../status/built.ts";
import { keysOf, memberDial, putThrough } from "./etcd-keys.ts";

/** A site's etcd, at the moment at which an operator says a word to it. */
export interface WordGiven {
  config: SiteConfig;
  /** Before the word. */
  keys: EtcdFacts;
  /** Who says it, and when (UTC). */
  by: { who: string; at: string };
  put(change: { command: RemoteCommand; what: string; next: string }): Promise<EtcdFacts>;
}

/**
 * Says one word to etcd, noted in the journal as `command`. It takes no lock: the word is one write, the last one counts,
 * and it is wanted just when another command has the site.
 */
export async function sayToEtcd<T>(
  site: string,
  command: string,
  work: (given: WordGiven) => Promise<T>,
): Promise<T> {
  const { session, outputs } = await builtSite(site);
  const { place, config, secrets } = session;
  const ssh = await openHosts(place, outputs, secrets, memberDial);
  const by = { who: userName(), at: new Date().toISOString() };
  const journal = openJournal(journalFile(place), secretValues(secrets));
  const say = async () => {
    const { keys, member } = await keysOf(ssh, outputs, config.site);
    return work({ config, keys, by, put: (change) => putThrough({ ssh, member, ...change }) });
  };
  try {
    return await interrupts().guard(() => journalled(journal, command, say));
  } finally {
    await ssh.close();
  }
}
