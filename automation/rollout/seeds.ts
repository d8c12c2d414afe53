import { setTimeout as delay } from "node:timers/promises";
import { databaseFacts } from "../failover/facts.ts";
import { hostsOf, type SiteOutputs } from "../hosts.ts";
import type { Step } from "../progress.ts";
import type { SshSession } from "../remote/ssh.ts";

const askMs = 5_000;
const pauseMs = 2_000;

/**
 * A step that seeds databases on its way, told while it runs: what of a copy has arrived on each host that has no data
 * yet, and how fast. Pulumi tells nothing of a command before it has ended, so the hosts are asked beside it.
 */
export function tellingSeeds(
  step: Step,
  ssh: SshSession,
  outputs: SiteOutputs,
  pause: number = pauseMs,
): Step {
  return {
    ...step,
    run: async (note) => {
      const over = new AbortController();
      const told = tell(ssh, outputs, note, over.signal, pause);
      try {
        return await step.run(note);
      } finally {
        over.abort();
        await told;
      }
    },
  };
}

async function tell(
  ssh: SshSession,
  outputs: SiteOutputs,
  note: (text: string) => void,
  over: AbortSignal,
  pause: number,
): Promise<void> {
  const hosts = hostsOf(outputs).filter(({ id }) =>
    Object.values(outputs.regions).some((region) => region?.database.hostId === id),
  );
  const ask = async (host: (typeof hosts)[number]) => ({ host, ...(await databaseFacts(ssh, host, askMs)) });
  let waiting = hosts;
  while (waiting.length > 0 && !over.aborted) {
    const answers = await Promise.all(waiting.map(ask));
    if (over.aborted) return;
    for (const { host, facts } of answers) if (facts?.seeding) note(seedText(host.id, facts.seeding));
    // One with a role has its data.
    waiting = answers.flatMap(({ host, facts }) =>
      facts === null || facts.role === "unseeded" ? [host] : [],
    );
    // Cut short when the step has ended.
    await delay(pause, undefined, { signal: over }).catch(() => undefined);
  }
}

/** "secondary/database: 24.5 MB of the copy, 11.2 MB/s". */
export function seedText(
  host: string,
  { bytes, bytesPerSecond }: { bytes: number; bytesPerSecond: number },
): string {
  const megabytes = (count: number) => (count / 1e6).toFixed(1);
  return `${host}: ${megabytes(bytes)} MB of the copy, ${megabytes(bytesPerSecond)} MB/s`;
}
