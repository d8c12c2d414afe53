import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HeldSite } from "../../../automation/failover/moves.ts";
import type { JournalEntry } from "../../../automation/journal.ts";
import type { RemoteCommand, RemoteResult, RunOptions } from "../../../automation/remote/ssh.ts";

/** What a host answers to a verb; a function sees the whole command. */
export type Answer = Partial<RemoteResult> | ((command: RemoteCommand) => Partial<RemoteResult>);

export interface FakeHeld {
  site: HeldSite;
  /** "primary/database demote", in order. */
  calls: string[];
  lines: JournalEntry[];
}

/**
 * A site whose hosts answer as they are told, by "host verb"; whatever is not told succeeds. A line of stderr is told while
 * it is written, and stands in the result as well, as remote/ssh.ts does it.
 */
export function heldSite(
  answers: Record<string, Answer> = {},
  { engine = "mariadb", delayMs = 0 }: { engine?: string; delayMs?: number } = {},
): FakeHeld {
  const calls: string[] = [];
  const lines: JournalEntry[] = [];
  const run = async (host: string, command: RemoteCommand, options: RunOptions): Promise<RemoteResult> => {
    const verb = command.argv.find((word) => /^[a-z][a-z-]*$/.test(word) && word !== "sudo") ?? "";
    const call = `${host} ${verb}${command.argv.includes("--save") ? " --save" : ""}`;
    calls.push(call);
    const waiting = verb === "promote" ? ["waiting for the lease"] : [];
    for (const line of waiting) options.onStderr?.(line);
    await new Promise((wake) => setTimeout(wake, delayMs));
    const answer = answers[call] ?? {};
    const { stderr = "", ...said } = typeof answer === "function" ? answer(command) : answer;
    for (const line of stderr.split("\n").filter(Boolean)) options.onStderr?.(line);
    return { exitCode: 0, stdout: "", ...said, stderr: [...waiting, stderr].join("\n") };
  };
  const region = (name: string) => {
    const id = `${name}/database`;
    return { hosts: [{ id, name: `evenkeel-shop-${name}-database` }], database: { hostId: id, engine } };
  };
  const site = {
    place: { name: "shop", stateDirectory: mkdtempSync(join(tmpdir(), "evenkeel-held-")) },
    config: { site: "shop", regions: ["primary", "secondary"], engine, cooldownSeconds: 3600 },
    secrets: {},
    outputs: { regions: { primary: region("primary"), secondary: region("secondary") }, global: null },
    ssh: { run },
    journal: { run: "run-1", write: (line: JournalEntry) => lines.push(line) },
    command: "switchover --to secondary",
  };
  return { site: site as unknown as HeldSite, calls, lines };
}
