import { exitCodes, UserError } from "../errors.ts";
import { commandsOf } from "../failover/next.ts";
import type { DatabaseFacts } from "../failover/observation.ts";
import { writersOf } from "../failover/writers.ts";
import { hostsOf, type SiteOutputs } from "../hosts.ts";
import type { RemoteCommand, SshSession } from "../remote/ssh.ts";
import { webCommand } from "../remote/web.ts";
import { siteFlag } from "../site.ts";

const settleMs = 45_000;

/** The hosts of a site whose gates are to be set, and what each region's database said of itself. */
export interface Gates {
  site: string;
  ssh: SshSession;
  outputs: SiteOutputs;
  answers: Record<string, { facts: DatabaseFacts | null; why?: string | null }>;
}

/**
 * Lets every web host ask its own region's database and open or close its gate accordingly (writer.md, W13). Where
 * there is a writer that may not be, nothing is opened and the error of refuseWrongWriters is thrown. A database that
 * can't be asked here may be a second writer, which its own web hosts would take for the only one: its region's gates
 * stay as they are, and that is an error too.
 */
export async function settleGates(gates: Gates, note: (text: string) => void): Promise<void> {
  await refuseWrongWriters(gates);
  const silent = Object.entries(gates.answers).filter(([, { facts }]) => facts === null);
  const isSilent = (id: string) => silent.some(([name]) => id.startsWith(`${name}/`));
  const settled = await onWebHosts(gates, (id) => (isSilent(id) ? null : webCommand.settle()), note);
  const failed = [
    ...settled,
    ...silent.map(([name, { why }]) => ({
      host: `${name} (all web hosts)`,
      why: `its database can't be asked whether it accepts writes: ${why ?? "no answer"}`,
    })),
  ];
  if (failed.length > 0) throw notSettled(gates.site, failed);
}

/**
 * Closes the gate of each region whose database accepts writes and may not, and throws a UserError (exit code 12) that
 * names them, and every gate that could not be closed. Two writers at one epoch are both wrong. Does nothing where
 * there is none.
 */
export async function refuseWrongWriters(gates: Gates): Promise<void> {
  const regions = Object.entries(gates.answers).map(([name, { facts }]) => ({ name, facts }));
  const { all, wrong } = writersOf(regions);
  if (wrong.length === 0) return;
  const isWrong = (id: string) => wrong.some(({ name }) => id.startsWith(`${name}/`));
  const failed = await onWebHosts(
    gates,
    (id) => (isWrong(id) ? webCommand.close() : null),
    () => undefined,
  );
  const commands = commandsOf(siteFlag(gates.site));
  const gate =
    failed.length === 0 ? "its region's gate was closed" : "not every gate of its region was closed";
  throw new UserError({
    what: `a database accepts writes that may not; ${gate}`,
    why: [
      ...all.map(({ name, epoch }) => `${name} accepts writes at epoch ${epoch}`),
      ...failed.map(({ host, why }) => `the gate of ${host} could not be closed: ${why}`),
    ].join("\n"),
    next: wrong.map(({ name }) => commands.fence(name)).join(", or "),
    exitCode: exitCodes.refused,
    code: "two-writers",
    ...(failed[0] === undefined ? {} : { cause: failed[0].cause }),
  });
}

/** A gate that is not as it was told to be, with the reason, and what was thrown where anything was. */
interface Failure {
  host: string;
  why: string;
  cause?: unknown;
}

/** Tells every web host, each to its end: one that fails must not cut the others short. Returns those that failed. */
async function onWebHosts(
  { ssh, outputs }: Gates,
  commandFor: (id: string) => RemoteCommand | null,
  note: (text: string) => void,
): Promise<Failure[]> {
  const web = hostsOf(outputs).filter(({ role }) => role === "web");
  const tell = async (id: string, name: string): Promise<Failure[]> => {
    const command = commandFor(id);
    if (command === null) return [];
    try {
      const result = await ssh.run(id, command, { timeoutMs: settleMs });
      if (result.exitCode !== 0) return [{ host: name, why: result.stderr.trim() }];
      note(`the gate of ${id} is ${gateOf(result.stdout)}`);
      return [];
    } catch (cause) {
      return [{ host: name, why: cause instanceof Error ? cause.message : String(cause), cause }];
    }
  };
  return (await Promise.all(web.map(({ id, name }) => tell(id, name)))).flat();
}

function notSettled(site: string, failed: readonly Failure[]): unknown {
  const [first, ...others] = failed;
  const bug = failed.find(({ cause }) => cause !== undefined && !(cause instanceof UserError));
  if (bug !== undefined) return bug.cause;
  // A host alone that can't be reached is told in its own words, with its own next step.
  if (first?.cause !== undefined && others.length === 0) return first.cause;
  return new UserError({
    what: `the gate of ${failed.map(({ host }) => host).join(" and of ")} could not be settled`,
    why: failed.map(({ host, why }) => (others.length === 0 ? why : `${host}: ${why}`)).join("\n"),
    next: `npx evenkeel status${siteFlag(site)}`,
    cause: first?.cause,
  });
}

function gateOf(text: string): string {
  try {
    const value = JSON.parse(text) as { gate?: string; open?: boolean };
    return value.gate ?? (value.open === true ? "open" : "closed");
  } catch {
    return "settled";
  }
}
