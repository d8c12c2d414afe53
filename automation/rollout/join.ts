import { exitCodes, UserError } from "../errors.ts";
import { type Diagnosis, decide } from "../failover/decide.ts";
import { commandsOf } from "../failover/next.ts";
import { warningsOf } from "../failover/warnings.ts";
import { heartbeatLimit, writersOf } from "../failover/writers.ts";
import { hostsOf, openHosts, type SiteOutputs, sshHosts } from "../hosts.ts";
import { interrupts } from "../interrupt.ts";
import { runWork, type Step } from "../progress.ts";
import type { SshSession } from "../remote/ssh.ts";
import { noteWriter } from "../site/writer.ts";
import { siteFlag } from "../site.ts";
import { lookAt } from "../status/look.ts";
import { say } from "../terminal.ts";
import { askDatabases, askHosts, askStartedHosts } from "./answers.ts";
import { mendHosts } from "./drift.ts";
import { refuseWrongWriters, settleGates } from "./gates.ts";
import { installSteps } from "./postgresql.ts";
import { epochToOpen, interruptedActive, refuseLostWriter, rejoinPeers, resumeRegion } from "./resume.ts";
import { tellingSeeds } from "./seeds.ts";
import { readOutputs, type Session } from "./session.ts";

/** How long a rollout waits at its end until every part says that it is well. */
const healthyWithinMs = 60_000;
const dial = { attempts: 5, timeoutSeconds: 10 };

/**
 * The end of a rollout of some regions alone: their own hosts are looked at and mended. Nothing is said of the others,
 * and nothing is joined.
 */
export async function mendRegions(session: Session, regions: readonly string[]): Promise<void> {
  const { place, secrets, config } = session;
  const outputs = await readOutputs(session);
  const own = Object.fromEntries(regions.map((name) => [name, outputs.regions[name] ?? null]));
  const picked: SiteOutputs = { regions: own, global: null };
  const ssh = await openHosts(place, picked, secrets, dial);
  try {
    await runWork([{ title: "Hosts", run: (note) => mendHosts(ssh, picked, config.site, note) }]);
  } finally {
    await ssh.close();
  }
}

interface Joining {
  /** The update of the stack; null where Pulumi has nothing to do. */
  global: Step | null;
  /** Machines that were started a moment ago, by name. */
  started: readonly string[];
}

/** Joins the regions under their writer, lets every gate settle, and waits until all is well. */
export async function join(session: Session, { global, started }: Joining): Promise<SiteOutputs> {
  const before = await readOutputs(session);
  const ssh = await openHosts(session.place, before, session.secrets, dial);
  try {
    await settleWriter(ssh, before, session, started);
    if (global !== null) await runWork([tellingSeeds(global, ssh, before)]);
    interrupts().check();
    const outputs = await readOutputs(session);
    await ssh.addHosts(sshHosts(hostsOf(outputs), dial, session.config.site));
    await runWork([
      { title: "Hosts", run: (note) => mendHosts(ssh, outputs, session.config.site, note) },
      {
        title: "Gates",
        run: async (note) => {
          const answers = await askDatabases(ssh, outputs);
          await settleGates({ site: session.config.site, ssh, outputs, answers }, note);
          return "settled";
        },
      },
      ...installSteps(session.config, ssh, outputs),
      { title: "Health", run: async (note) => waitUntilHealthy(session, outputs, ssh, note) },
    ]);
    return outputs;
  } finally {
    await ssh.close();
  }
}

/**
 * What must be true of the writer before the stacks are joined: there is no wrong one and none was lost (exit code 12),
 * and an active database that was closed gets its write access back when every existing peer says that nobody came
 * after it (W1).
 */
export async function settleWriter(
  ssh: SshSession,
  outputs: SiteOutputs,
  { config, place }: Pick<Session, "config" | "place">,
  started: readonly string[],
): Promise<void> {
  const { site } = config;
  const first = await askStartedHosts(ssh, outputs, started);
  await refuseWrongWriters({ site, ssh, outputs, answers: first });
  const databases = Object.entries(first).map(([name, { facts }]) => ({ name, facts }));
  const seen = noteWriter(place.stateDirectory, databases);
  const region = interruptedActive(first, heartbeatLimit(config));
  if (region === null) {
    // The others are seeded from whoever writes now: what a later writer took would be gone without a question.
    const { rightful } = writersOf(databases);
    if (rightful !== null) refuseLostWriter({ site, region: rightful, answers: first, seen });
    return;
  }
  await rejoinPeers(config, outputs);
  const answers = await askHosts(ssh, outputs);
  const epoch = epochToOpen({ site, region, answers, acceptLoss: false, seen });
  await resumeRegion({ site, ssh, outputs, region, answers, epoch });
  say(`${region} had stopped accepting writes, and accepts them again.`);
}

async function waitUntilHealthy(
  session: Session,
  outputs: SiteOutputs,
  ssh: SshSession,
  note: (text: string) => void,
): Promise<string> {
  const commands = commandsOf(siteFlag(session.config.site));
  const deadline = Date.now() + healthyWithinMs;
  let last = "";
  for (;;) {
    const observation = await lookAt(session, outputs, ssh);
    const diagnosis = decide(observation, commands);
    if (diagnosis.state === "healthy") for (const text of warningsOf(observation)) note(`warning: ${text}`);
    if (diagnosis.state === "healthy") return `${diagnosis.active} is active at epoch ${diagnosis.epoch}`;
    const waiting = diagnosis.problems[0]?.what ?? diagnosis.state;
    if (waiting !== last) note(`waiting: ${waiting}`);
    last = waiting;
    interrupts().check();
    if (Date.now() > deadline) throw notHealthy(diagnosis, siteFlag(session.config.site));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

function notHealthy(diagnosis: Diagnosis, flag: string): UserError {
  return new UserError({
    what: `the site is built but was not well ${healthyWithinMs / 1000} s later (${diagnosis.state})`,
    why: diagnosis.problems
      .map(({ what, next }) => (next === null ? what : `${what}; next: ${next}`))
      .join("\n"),
    next: `npx evenkeel status${flag}`,
    exitCode: exitCodes.degraded,
    code: "not-healthy",
  });
}
