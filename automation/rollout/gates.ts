import { exitCodes, UserError } from "../errors.ts";
import { commandsOf } from "../failover/next.ts";
import type { DatabaseFacts } from "../failover/observation.ts";
import { writersOf } from "../failover/writers.ts";
import { hostsOf, type SiteOutputs } from "../hosts.ts";
import type { RemoteCommand, SshSession } from "../remote/ssh.ts";
import { webCommand } from "../remote/web.ts";
import { siteFlag, siteWords } from "../site.ts";

const settleMs = 45_000;

/** The hosts of a site whose gates are to be set, and what each region's database said of itself. */
export interface Gates {
  site: string;
  ssh: SshSession;
  outputs: SiteOutputs;
  answers: Record<string, { facts: DatabaseFacts | null }>;
}

/**
 * Lets every web host ask its own region's database and open or close its gate accordingly (writer.md, W13). Where
 * there is a writer that may not be, nothing is opened and the error of refuseWrongWriters is thrown.
 */
export async function settleGates(gates: Gates, note: (text: string) => void): Promise<void> {
  await refuseWrongWriters(gates);
  await onWebHosts(gates, () => webCommand.settle(), note);
}

/**
 * Closes the gate of each region whose database accepts writes and may not, and throws a UserError (exit code 12) that
 * names them. Two writers at one epoch are both wrong. Does nothing where there is none.
 */
export async function refuseWrongWriters(gates: Gates): Promise<void> {
  const regions = Object.entries(gates.answers).map(([name, { facts }]) => ({ name, facts }));
  const { all, wrong } = writersOf(regions);
  if (wrong.length === 0) return;
  const isWrong = (id: string) => wrong.some(({ name }) => id.startsWith(`${name}/`));
  await onWebHosts(
    gates,
    (id) => (isWrong(id) ? webCommand.close() : null),
    () => undefined,
  );
  const commands = commandsOf(siteWords(gates.site));
  throw new UserError({
    what: "a database accepts writes that may not; its region's gate was closed",
    why: all.map(({ name, epoch }) => `${name} accepts writes at epoch ${epoch}`).join("\n"),
    next: wrong.map(({ name }) => commands.fence(name)).join(", or "),
    exitCode: exitCodes.refused,
    code: "two-writers",
  });
}

async function onWebHosts(
  { site, ssh, outputs }: Gates,
  commandFor: (id: string) => RemoteCommand | null,
  note: (text: string) => void,
): Promise<void> {
  const web = hostsOf(outputs).filter(({ role }) => role === "web");
  await Promise.all(
    web.map(async ({ id, name }) => {
      const command = commandFor(id);
      if (command === null) return;
      const result = await ssh.run(id, command, { timeoutMs: settleMs });
      if (result.exitCode === 0) return note(`the gate of ${id} is ${gateOf(result.stdout)}`);
      throw new UserError({
        what: `the gate of ${name} could not be settled`,
        why: result.stderr.trim(),
        next: `npx evenkeel status${siteFlag(site)}`,
      });
    }),
  );
}

function gateOf(text: string): string {
  try {
    const value = JSON.parse(text) as { gate?: string; open?: boolean };
    return value.gate ?? (value.open === true ? "open" : "closed");
  } catch {
    return "settled";
  }
}
