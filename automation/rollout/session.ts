import { randomUUID } from "node:crypto";
import type { SiteConfig } from "../../components/config.ts";
import type { SiteSecrets } from "../../components/secrets.ts";
import type { Engine } from "../engine/setup.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { SiteOutputs } from "../hosts.ts";
import { interrupts } from "../interrupt.ts";
import { type Journal, journalled, openJournal } from "../journal.ts";
import { lockFile, type SiteLock, takeLock } from "../lock.ts";
import { endLeftovers, processesWith, runVariable } from "../processes.ts";
import { secretValues } from "../redact.ts";
import { isThere } from "../site/durable.ts";
import {
  checkSiteFiles,
  emptySiteDirectory,
  ensureSiteDirectory,
  ensureSiteFiles,
  journalFile,
  readSiteSecrets,
  removeEmptySiteDirectory,
  type SitePlace,
  secretsFile,
  siteFlag,
} from "../site.ts";
import { resourcesOf } from "../stacks/state.ts";
import { globalStack, openStacks, type PulumiEngine, type Stacks } from "../stacks.ts";
import { hide, say } from "../terminal.ts";
import { existingEngine } from "./engine.ts";

/** All that a command needs to work on a site. */
export interface Session {
  place: SitePlace;
  config: SiteConfig;
  engine: PulumiEngine;
  secrets: SiteSecrets;
  stacks: Stacks;
}

export interface SessionOptions {
  place: SitePlace;
  config: SiteConfig;
  engine: Engine;
  timeoutSeconds?: number;
}

const defaultTimeoutSeconds = 1800;

/** The secrets of a site, or why they can't be had: a destroy goes on without them. */
type SecretsAnswer = { secrets: SiteSecrets } | { problem: unknown };

/** Site files and stacks of a site, without its lock: for commands that don't change it. */
export async function openSession(options: SessionOptions, run: string = randomUUID()): Promise<Session> {
  return withStacks(options, { secrets: await makeSiteFiles(options, run) }, run);
}

/** What a site needs beside its configuration: what is there stays, what is missing is added. */
async function makeSiteFiles(options: SessionOptions, run: string): Promise<SiteSecrets> {
  const { place, config, engine } = options;
  await refuseLostSecrets(withStacks(options, findSecrets(place), run));
  return await ensureSiteFiles(place, config, engine);
}

function withStacks(
  options: Omit<SessionOptions, "engine"> & { engine: PulumiEngine },
  answer: SecretsAnswer,
  run: string,
): Session {
  const { place, config, engine } = options;
  const timeoutSeconds = options.timeoutSeconds ?? defaultTimeoutSeconds;
  const secrets = hiddenFrom(answer);
  const stacks = openStacks({ engine, place, config, secrets, run, timeoutSeconds });
  return {
    place,
    config,
    engine,
    stacks,
    get secrets() {
      if ("secrets" in answer) return answer.secrets;
      throw answer.problem;
    },
  };
}

/** The values that no message may show; from now on none that is said does. */
function hiddenFrom(answer: SecretsAnswer): string[] {
  const values = "secrets" in answer ? secretValues(answer.secrets) : [];
  hide(values);
  return values;
}

/**
 * A site that is there without its secrets would get new ones, with which nobody gets into its hosts any more: they
 * have to come back first.
 */
export async function refuseLostSecrets({ place, stacks }: Pick<Session, "place" | "stacks">): Promise<void> {
  const file = secretsFile(place);
  if (isThere(file)) return;
  for (const name of await stacks.existing()) {
    // Machines and what runs on them; a stack that made none yet has itself alone.
    const made = resourcesOf(await stacks.state(name)).filter(({ type }) => type.startsWith("command:"));
    if (made.length === 0) continue;
    const flag = siteFlag(place.name);
    throw new UserError({
      what: `the secrets of the site ${place.name} are gone, and its hosts are there; nothing was changed`,
      why: `${file} does not exist, but the stack ${name} has ${made.length} resources: new secrets would lock everybody out of them`,
      next: `restore the file from a copy; without one: npx evenkeel destroy${flag}, which takes the site away`,
      exitCode: exitCodes.refused,
      code: "secrets-lost",
    });
  }
}

/** The secrets as they lie there; nothing is made. */
function findSecrets(place: SitePlace): SecretsAnswer {
  try {
    return { secrets: readSiteSecrets(place) };
  } catch (problem) {
    return { problem };
  }
}

export type LockedOptions = Omit<SessionOptions, "engine"> & {
  /** Removes the site's folder once the work is done, while the lock is held. */
  removeAfter?: boolean;
} & (
    | { engine: Engine; asFound?: false }
    | {
        engine: PulumiEngine;
        /**
         * For a destroy, and for what must not wait for set-up: site files are neither made nor checked, and reading
         * `secrets` of the session throws where they can't be had.
         */
        asFound: true;
      }
  );

/**
 * Runs a mutating command: the operator's lock, then site files, then the work between two lines of the journal. What
 * a dead holder of the lock left running is ended first. The first interrupt doesn't cut the work, see interrupt.ts.
 * A site whose hosts another clone made is refused before anything is written.
 */
export async function withLockedSite<T>(
  options: LockedOptions,
  command: string,
  work: (session: Session, journal: Journal) => Promise<T>,
): Promise<T> {
  const { place, config } = options;
  if (config.provider === "lab") {
    const { refuseOtherClones } = await import("../lab/ownership.ts");
    await refuseOtherClones(config.site);
  }
  ensureSiteDirectory(place);
  const { name: site, stateDirectory } = place;
  const lock = takeLock({ site, stateDirectory, run: randomUUID(), command });
  // A second interrupt leaves the lock behind on purpose: by it the next command finds what is to be ended.
  let emptied = false;
  try {
    const result = await interrupts().guard(() => underLock(options, lock, command, work));
    if (options.removeAfter === true) {
      emptySiteDirectory(place, lockFile(place.stateDirectory));
      emptied = true;
    }
    return result;
  } finally {
    lock.release();
    if (emptied) removeEmptySiteDirectory(place);
  }
}

async function underLock<T>(
  options: LockedOptions,
  lock: SiteLock,
  command: string,
  work: (session: Session, journal: Journal) => Promise<T>,
): Promise<T> {
  const { place } = options;
  await endDeadRun(lock);
  const { run } = lock.record;
  // By this the next run finds all that this one leaves behind, should it be killed.
  process.env[runVariable] = run;
  const answer =
    options.asFound === true ? findSecrets(place) : { secrets: await makeSiteFiles(options, run) };
  const journal = openJournal(journalFile(place), hiddenFrom(answer));
  return journalled(journal, command, async () => work(withStacks(options, answer, run), journal));
}

/** Ends what a dead holder of the lock left running, and says so. */
export async function endDeadRun({ tookOverFrom }: Pick<SiteLock, "tookOverFrom">): Promise<void> {
  if (tookOverFrom === null) return;
  const { command, pid, at, run } = tookOverFrom;
  say(`The lock of ${command} (pid ${pid}, since ${at}) was taken over: that process is gone.`);
  const ended = await endLeftovers(() => processesWith(runVariable, run));
  if (ended > 0) say(`${ended} process(es) that it left behind were ended.`);
}

/** A session for commands that only look: null where the site or the set-up of this clone isn't there. */
export async function openExisting(place: SitePlace, config: SiteConfig): Promise<Session | null> {
  // First: a folder that can't be read is no site that isn't built.
  if (!isThere(secretsFile(place))) return null;
  const engine = await existingEngine();
  if (engine === null) return null;
  return withStacks({ place, config, engine }, { secrets: readSiteSecrets(place) }, randomUUID());
}

/** The same without the site's files, for looking at what a destroy would meet: reading its secrets may throw. */
export async function openAsFound(place: SitePlace, config: SiteConfig): Promise<Session | null> {
  const engine = await existingEngine();
  return engine === null ? null : withStacks({ place, config, engine }, findSecrets(place), randomUUID());
}

/** As `openExisting`, for a preview of an update, whose program reads the other site files as well (exit 2). */
export async function openForPreview(place: SitePlace, config: SiteConfig): Promise<Session | null> {
  checkSiteFiles(place, config);
  return openExisting(place, config);
}

/** Outputs of all stacks, asked at once. */
export async function readOutputs({
  stacks,
  config,
}: Pick<Session, "stacks" | "config">): Promise<SiteOutputs> {
  const existing = new Set(await stacks.existing());
  const regions = config.regions.map(
    async (name) => [name, existing.has(name) ? await stacks.region(name) : null] as const,
  );
  const global = existing.has(globalStack) ? stacks.global() : Promise.resolve(null);
  return { regions: Object.fromEntries(await Promise.all(regions)), global: await global };
}
