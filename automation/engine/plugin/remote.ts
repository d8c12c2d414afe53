import { rm } from "node:fs/promises";
import { openSsh, type SshHost, type SshSession } from "../../remote/ssh.ts";
import { digest } from "../../remote/ssh-files.ts";
import { privateDirectory } from "../../remote/ssh-sockets.ts";
import { type Hop, refuseUnusableLogin, sshLogin } from "./login.ts";
import type { Connection } from "./schema.ts";

/**
 * A connection as a host of the one SSH session of this plugin. Everything that makes a connection another one is
 * in its name, so that all resources that name the same host in the same way share one connection.
 */
export function sshHost({ proxy, ...own }: Connection): SshHost {
  return hop(own, proxy === undefined ? undefined : hop(proxy, undefined));
}

function hop(given: Hop, proxy: SshHost | undefined): SshHost {
  const login = sshLogin(given);
  const facts = [given.host, given.port, given.user, given.hostKey, login, proxy?.alias];
  const name = given.host.replaceAll(/[^A-Za-z0-9.-]/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return {
    alias: `${name || "host"}-${given.port}-${digest(JSON.stringify(facts))}`,
    host: given.host,
    port: given.port,
    user: given.user,
    hostKey: given.hostKey ?? null,
    login,
    // The published plugin gives up at the first failure beyond the limit; -1 tries until the step's deadline.
    dialAttempts: given.dialErrorLimit === -1 ? Number.POSITIVE_INFINITY : given.dialErrorLimit + 1,
    dialTimeoutSeconds: given.perDialTimeout,
    ...(proxy === undefined ? {} : { proxy }),
  };
}

export interface Reached {
  session: SshSession;
  alias: string;
}

export interface RemoteHosts {
  /** The session, with this host known to it, and the host's name there. Warns once of a host key that isn't checked. */
  reach(connection: Connection, warn: (text: string) => void): Promise<Reached>;
  /** Ends all connections and removes the keys' files. */
  close(): Promise<void>;
}

/** The plugin's hosts: one SSH session, opened when the first resource needs one. Aborted, it dials no more. */
export function remoteHosts(signal: AbortSignal): RemoteHosts {
  let opening: Promise<{ session: SshSession; directory: string }> | undefined;
  const warned = new Set<string>();

  async function open(): Promise<{ session: SshSession; directory: string }> {
    // In the folder that the next run sweeps, should this process be killed with keys in it.
    const directory = privateDirectory();
    return { session: await openSsh({ directory, hosts: [], signal }), directory };
  }

  function warnOfUnchecked({ alias, host, hostKey }: SshHost, warn: (text: string) => void): void {
    if (hostKey !== null || warned.has(alias)) return;
    warned.add(alias);
    warn(`The host key of ${host} is not checked: any machine that answers there is trusted. Give hostKey.`);
  }

  return {
    async reach(connection, warn) {
      await Promise.all([connection, connection.proxy].map((each) => each && refuseUnusableLogin(each)));
      opening ??= open();
      const { session } = await opening;
      const host = sshHost(connection);
      await session.addHosts([host]);
      for (const each of [host, host.proxy]) if (each !== undefined) warnOfUnchecked(each, warn);
      return { session, alias: host.alias };
    },
    async close() {
      const opened = await opening;
      await opened?.session.close();
      if (opened !== undefined) await rm(opened.directory, { recursive: true, force: true });
    },
  };
}
