import type { SshSession } from "../remote/ssh.ts";

/** An SSH session that can be begun anew while others hold it. */
export interface FreshSession extends SshSession {
  /** From now on every host is dialed anew. What runs by the old connections is cut off. */
  renew(): Promise<void>;
}

/**
 * An operator who is called because a region died starts a new command, with no connection to it. A drill that went on
 * with the ones from before would wait for a dead host until they are given up (15 s), and measure that.
 */
export async function freshSession(open: () => Promise<SshSession>): Promise<FreshSession> {
  let current = await open();
  const closing: Promise<unknown>[] = [];
  return {
    run: (...args) => current.run(...args),
    runLine: (...args) => current.runLine(...args),
    put: (...args) => current.put(...args),
    addHosts: (hosts) => current.addHosts(hosts),
    dial: (...args) => current.dial(...args),
    get configFile() {
      return current.configFile;
    },
    async renew() {
      const old = current;
      current = await open();
      // Nobody waits for what leads to a dead host; the end does.
      closing.push(old.close().catch(() => {}));
    },
    async close() {
      await Promise.all([current.close(), ...closing]);
    },
  };
}
