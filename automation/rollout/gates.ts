import { exitCodes, UserError } from "../errors.ts";
import type { DatabaseFacts } from "../failover/observation.ts";
import { writersOf } from "../failover/writers.ts";
import { hostsOf, type SiteOutputs } from "../hosts.ts";
import type { SshSession } from "../remote/ssh.ts";
import { webCommand } from "../remote/web.ts";

const settleMs = 45_000;

/** Lets every web host ask its own region's database and open or close its gate accordingly (writer.md, W13). */
export async function settleGates(
  ssh: SshSession,
  outputs: SiteOutputs,
  answers: Record<string, { facts: DatabaseFacts | null }>,
  note: (text: string) => void,
): Promise<void> {
  const web = hostsOf(outputs).filter(({ role }) => role === "web");
  const regions = Object.entries(answers).map(([name, { facts }]) => ({ name, facts }));
  const { all, wrong } = writersOf(regions);
  const isWrong = (id: string) => wrong.some(({ name }) => id.startsWith(`${name}/`));
  await Promise.all(
    web.map(async ({ id, name }) => {
      const result = await ssh.run(id, isWrong(id) ? webCommand.close() : webCommand.settle(), {
        timeoutMs: settleMs,
      });
      if (result.exitCode === 0) return note(`the gate of ${id} is ${gateOf(result.stdout)}`);
      throw new UserError({
        what: `the gate of ${name} could not be settled`,
        why: result.stderr.trim(),
        next: "npx evenkeel status",
      });
    }),
  );
  if (wrong.length === 0) return;
  throw new UserError({
    what: "a database accepts writes that may not; its region's gate was closed",
    why: all.map(({ name, epoch }) => `${name} accepts writes at epoch ${epoch}`).join("\n"),
    next: wrong
      .map(({ name }) => `npx evenkeel ssh ${name}/database -- sudo evenkeel-db fence`)
      .join(", or "),
    exitCode: exitCodes.refused,
    code: "two-writers",
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
