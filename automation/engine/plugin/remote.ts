import { rm } from "node:fs/promises";
import { openSsh, type SshHost, type SshSession } from "../../remote/ssh.ts";
import { digest } from "../../remote/ssh-files.ts";
import { privateDirectory } from "../../remote/ssh-sockets.ts";
import type { Connection } from "./schema.ts";

type Hop = Omit<Connection, "proxy">;

/**
 * A connection as a host of the one SSH session of this plugin. Everything that makes a connection another one is
 * in its name, so that all resources that name the same host in the same way share one connection.
 */
export function sshHost(connection: Connection): SshHost {
  const proxy = connection.proxy === undefined ? undefined : hop(connection.proxy, undefined);
  return hop(connection, proxy);
}

function hop(given: Hop, proxy: SshHost | undefined): SshHost {
  const facts = [given.host, given.port, given.user, given.hostKey, given.privateKey, proxy?.alias];
  const name = given.host.replaceAll(/[^A-Za-z0-9.-]/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return {
    alias: `${name || "host"}-${given.port}-${digest(JSON.stringify(facts))}`,
    host: given.host,
    port: given.port,
    user: given.user,
    hostKey: given.hostKey,
    login: { privateKey: given.privateKey },
    // The published plugin gives up at the first failure beyond the limit; -1 tries until the step's deadline.
    dialAttempts: given.dialErrorLimit === -1 ? Number.POSITIVE_INFINITY : given.dialErrorLimit + 1,
    dialTimeoutSeconds: given.perDialTimeout,
    ...(proxy === undefined ? {} : { proxy }),
  };
}

export interface RemoteHosts {
  /** The session, with this host known to it, and the host's name there. */
  reach(connection: Connection): Promise<{ session: SshSession; alias: string }>;
  /** Ends all connections and removes the keys' files. */
  close(): Promise<void>;
}

/** The plugin's hosts: one SSH session, opened when the first resource needs one. */
export function remoteHosts(): RemoteHosts {
  let opening: Promise<{ session: SshSession; directory: string }> | undefined;
  async function open(): Promise<{ session: SshSession; directory: string }> {
    // In the folder that the next run sweeps, should this process be killed with keys in it.
    const directory = await privateDirectory();
    return { session: await openSsh({ directory, hosts: [] }), directory };
  }
  return {
    async reach(connection) {
      opening ??= open();
      const { session } = await opening;
      const host = sshHost(connection);
      await session.addHosts([host]);
      return { session, alias: host.alias };
    },
    async close() {
      const opened = await opening;
      await opened?.session.close();
      if (opened !== undefined) await rm(opened.directory, { recursive: true, force: true });
    },
  };
}
