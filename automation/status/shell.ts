import { spawn } from "node:child_process";
import { findHost, openHosts } from "../hosts.ts";
import { interrupts } from "../interrupt.ts";
import { quote } from "../remote/shell.ts";
import { waitPatiently } from "../rollout/pulumi.ts";
import { siteFlag } from "../site.ts";
import { say } from "../terminal.ts";
import { builtSite } from "./built.ts";

/** OpenSSH's own exit code where it made no connection; a command of the host's may end with it too. */
const sshFailed = 255;
const dial = { attempts: 1, timeoutSeconds: 10 };

/** `evenkeel ssh HOST [-- command…]`: OpenSSH itself, with the site's keys, pinned host keys and jumps. */
export async function openShell(args: {
  /** The verb of this command line, for what it says to run next. */
  verb: "ssh" | "logs";
  site: string;
  host?: string | undefined;
  command: readonly string[];
}): Promise<number> {
  const { session, outputs } = await builtSite(args.site);
  const host = findHost(outputs, args.host, args);
  const ssh = await openHosts(session.place, outputs, session.secrets, dial);
  try {
    // One word is a line for the host's shell, as ssh has it; several are words of one command.
    const words = args.command.length < 2 ? args.command : [quote(args.command)];
    const child = spawn("ssh", ["-F", ssh.configFile, "--", host.id, ...words], { stdio: "inherit" });
    const exitCode = await waitPatiently(child);
    if (exitCode === sshFailed && !interrupts().signal.aborted)
      say(
        `${host.id} could not be reached, or the command there ended with 255. What runs: npx evenkeel status${siteFlag(args.site)}`,
      );
    return exitCode;
  } finally {
    await ssh.close();
  }
}
