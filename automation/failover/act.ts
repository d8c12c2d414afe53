import { UserError } from "../errors.ts";
import { databaseCommand } from "../remote/database.ts";
import { onDatabase } from "../remote/database-host.ts";
import { deadlineIn, within } from "../remote/deadline.ts";
import type { RemoteCommand } from "../remote/ssh.ts";
import { holdCommand, releaseCommand } from "../remote/traffic.ts";
import { comeBack } from "./come-back.ts";
import { compareRest } from "./equality.ts";
import type { HeldSite } from "./moves.ts";
import { edgeHost } from "./next.ts";
import type { Act, Row } from "./plan.ts";

/** What a host says when it has made ready and waits for the lease (host/files/database/db/keeper.sh). */
const waitingWords = "waiting for the lease";

export interface Begun {
  /** It waits for what another row gives up, or has ended. */
  ready: Promise<void>;
  ended: Promise<string | null>;
}

/** Begins a row ahead of the one before it. Never rejects by `ready`; whoever takes `ended` hears of a failure. */
export function beginAct(held: HeldSite, row: Row, note: (text: string) => void): Begun {
  let isReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  const onStderr = (line: string) => {
    if (line === waitingWords) isReady();
  };
  const ended = runAct(held, row, note, onStderr);
  ended.then(isReady, isReady);
  return { ready, ended };
}

/** Carries out what a row wants on the host that it is about. The words that it came to, or null. Throws a UserError. */
export async function runAct(
  held: HeldSite,
  { act, region, deadlineSeconds }: Row,
  note: (text: string) => void,
  onStderr?: (line: string) => void,
): Promise<string | null> {
  switch (act.do) {
    case "wait":
      return null;
    case "hold":
      await onEdge(held, holdCommand({ to: act.region, seconds: act.seconds }), deadlineSeconds);
      return null;
    case "compare":
      // Visitors wait: where it takes longer, the old writer gets its writes back.
      return await within(
        compareRest(held, act),
        deadlineIn(deadlineSeconds * 1000),
        () => new UserError({ what: `the comparison did not end within ${deadlineSeconds} s` }),
      );
    case "return":
      return await comeBack(held, { region, method: act.method, note });
    case "demote":
    case "fence":
    case "promote":
      await onDatabase(held, {
        region,
        command: commandOf(act, deadlineSeconds),
        timeoutMs: (deadlineSeconds + 5) * 1000,
        ...(onStderr === undefined ? {} : { onStderr }),
      });
      return null;
  }
}

/** Lets go on what waits at the edge; where nothing does, nothing happens. Throws a UserError. */
export async function releaseHold(held: HeldSite): Promise<void> {
  await onEdge(held, releaseCommand(), 3);
}

async function onEdge({ ssh }: HeldSite, command: RemoteCommand, seconds: number): Promise<void> {
  const { exitCode, stderr } = await ssh.run(edgeHost, command, { timeoutMs: seconds * 1000 });
  if (exitCode !== 0)
    throw new UserError({ what: "the edge can't do it", why: stderr.trim() || `exit code ${exitCode}` });
}

type Verb = Exclude<Act, { do: "wait" | "return" | "hold" | "compare" }>;

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
