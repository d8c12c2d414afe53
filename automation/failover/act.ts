import { exitCodes, UserError } from "../errors.ts";
import { databaseCommand } from "../remote/database.ts";
import type { RemoteCommand } from "../remote/ssh.ts";
import { comeBack } from "./come-back.ts";
import type { HeldSite } from "./moves.ts";
import type { Act, Row } from "./plan.ts";

/** Carries out what a row wants on the host that it is about. The words that it came to, or null. Throws a UserError. */
export async function runAct(
  held: HeldSite,
  { act, region, deadlineSeconds }: Row,
  note: (text: string) => void,
): Promise<string | null> {
  switch (act.do) {
    case "wait":
      return null;
    case "return":
      return await comeBack(held, { region, method: act.method, note });
    case "demote":
    case "fence":
    case "promote":
      return await onDatabase(held, region, commandOf(act, deadlineSeconds), deadlineSeconds + 5);
  }
}

type Verb = Exclude<Act, { do: "wait" | "return" }>;

function commandOf(act: Verb, deadlineSeconds: number): RemoteCommand {
  switch (act.do) {
    case "demote":
      return databaseCommand.demote({ deadlineSeconds });
    case "fence":
      return databaseCommand.fence({ deadlineSeconds });
    case "promote": {
      const { epoch, byForce, confirmedOff } = act;
      return databaseCommand.promote({ epoch, byForce, confirmedOff, deadlineSeconds });
    }
  }
}

async function onDatabase(
  held: HeldSite,
  region: string,
  command: RemoteCommand,
  timeoutSeconds: number,
): Promise<string | null> {
  const hostId = held.outputs.regions[region]?.database.hostId ?? `${region}/database`;
  const result = await held.ssh.run(hostId, command, { timeoutMs: timeoutSeconds * 1000 });
  if (result.exitCode === 0) return null;
  throw new UserError({
    what: `${hostId} refuses`,
    why: result.stderr.trim() || `exit code ${result.exitCode}`,
    exitCode: result.exitCode === 12 ? exitCodes.refused : exitCodes.error,
  });
}
