import { spawn } from "node:child_process";
import { findHost, hostsOf, openHosts } from "../hosts.ts";
import { quote } from "../remote/shell.ts";
import { waitPatiently } from "../rollout/pulumi.ts";
import { openExisting, readOutputs } from "../rollout/session.ts";
import { notBuilt, siteConfig, sitePlace } from "../site.ts";

/** `evenkeel ssh HOST [-- command…]`: OpenSSH itself, with the site's keys, pinned host keys and jumps. */
export async function openShell(args: {
  site: string;
  host: string;
  command: readonly string[];
}): Promise<number> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  const session = await openExisting(place, config);
  if (session === null) throw notBuilt(config.site);
  const outputs = await readOutputs(session);
  if (hostsOf(outputs).length === 0) throw notBuilt(config.site);
  const host = findHost(outputs, args.host);
  const ssh = await openHosts(place, outputs, session.secrets, { attempts: 1, timeoutSeconds: 10 });
  try {
    const words = args.command.length === 0 ? [] : [quote(args.command)];
    const child = spawn("ssh", ["-F", ssh.configFile, "--", host.id, ...words], { stdio: "inherit" });
    return await waitPatiently(child);
  } finally {
    await ssh.close();
  }
}
