import type { SiteConfig } from "../../components/config.ts";
import type { SiteSecrets } from "../../components/secrets.ts";
import { exitCodes, UserError } from "../errors.ts";
import { writes } from "../failover/writers.ts";
import { openHosts } from "../hosts.ts";
import { runWork, secondsText, type Work } from "../progress.ts";
import { isThere } from "../site/durable.ts";
import { home, type SitePlace, siteConfig, siteFlag, sitePlace } from "../site.ts";
import { isShown, resourceName, summary } from "../stacks/events.ts";
import { removeRemains } from "../stacks/remains.ts";
import { fileBackend, savedStacks } from "../stacks/saved.ts";
import { resourcesOf } from "../stacks/state.ts";
import { globalStack, stackNames } from "../stacks.ts";
import { say, terminal } from "../terminal.ts";
import { askDatabases, type DatabaseAnswers } from "./answers.ts";
import { askTyped, refuseUnconfirmed } from "./confirm.ts";
import { setUpEngine } from "./engine.ts";
import { notSetUp, type PreviewOptions } from "./preview.ts";
import { chosen, type Picked } from "./regions.ts";
import { openAsFound, readOutputs, type Session, withLockedSite } from "./session.ts";
import { cureStaleLocks, prepareStack } from "./stale.ts";
import { forgetRollout } from "./unchanged.ts";

export interface DestroyArgs {
  site: string;
  region: string;
  preview: boolean;
  yes: boolean;
  confirm?: string | undefined;
  evenActive: boolean;
  timeout: number;
}

/** `evenkeel destroy`: what joins the regions first, then the regions; nothing of the site is left behind. */
export async function destroy(args: DestroyArgs): Promise<void> {
  const started = Date.now();
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  const flags = [args.preview ? " --preview" : "", args.evenActive ? " --even-active" : ""].join("");
  const asked = `npx evenkeel destroy${siteFlag(place.name)}${flags}`;
  // Nobody should be handed a region to destroy that wasn't meant.
  const { picked, timeoutSeconds } = chosen(asked, args, config.regions, "REGION");
  if (args.preview) return previewDestroy(args, { place, config, picked });
  const { confirm: given, yes } = args;
  const confirmed = { name: config.site, given, flag: "--confirm", yes, terminal: terminal() };
  refuseUnconfirmed(confirmed);
  if (!(await isSomethingHere(place, config)))
    return say(`There is nothing of the site ${config.site} here.`);
  // Ahead of the question: nobody should confirm what is refused. Asked again under the lock.
  const found = picked.all || args.evenActive ? null : await openAsFound(place, config);
  if (found !== null) await refuseActive(found, picked);
  await askTyped({ ...confirmed, consequence: whatGoes(config, picked) });
  const engine = await setUpEngine(args);
  const command = picked.all ? "destroy" : `destroy --region ${args.region}`;
  const options = { place, config, engine, timeoutSeconds, asFound: true, removeAfter: picked.all };
  await withLockedSite(options, command, async (session) => {
    await cureStaleLocks(session, say);
    if (!picked.all && !args.evenActive) await refuseActive(session, picked);
    await destroyStacks(session, picked);
    if (picked.all) await removeRest(session);
  });
  say(
    `Destroyed ${picked.all ? `the site ${config.site}` : args.region} in ${secondsText((Date.now() - started) / 1000)}.`,
  );
}

/** For the person who is about to confirm it. */
export function whatGoes({ site, regions }: Pick<SiteConfig, "site" | "regions">, picked: Picked): string {
  const [region] = picked.regions;
  const what = picked.all
    ? `every machine of the site ${site} (${regions.join(", ")}, third place) with its databases, uploads and secrets`
    : region === undefined
      ? `the third place of the site ${site}, and what joins its regions`
      : `every machine of ${region} of the site ${site}, with its database and uploads`;
  return `This deletes ${what}. There is no way back; --preview lists it.`;
}

/** The site's folder, stacks or machines: what a lost folder leaves is there to be destroyed as well. */
async function isSomethingHere(place: SitePlace, config: SiteConfig): Promise<boolean> {
  if (isThere(place.stateDirectory)) return true;
  if (config.provider === "lab" && (await isInLab(config.site))) return true;
  const { engineEnvironment } = await import("../engine/environment.ts");
  const backend = fileBackend(engineEnvironment(home));
  if (backend !== null) return savedStacks(backend, config.site).length > 0;
  const session = await openAsFound(place, config);
  return session !== null && (await session.stacks.existing()).length > 0;
}

async function isInLab(site: string): Promise<boolean> {
  const [{ leftovers }, { refuseOtherClones }] = await Promise.all([
    import("../lab/docker.ts"),
    import("../lab/ownership.ts"),
  ]);
  try {
    await refuseOtherClones(site);
    return Object.values(await leftovers(site)).some((names) => names.length > 0);
  } catch (error) {
    // Where Docker was never installed, no machine of the lab is.
    if (error instanceof UserError && error.code === "docker-missing") return false;
    throw error;
  }
}

/**
 * What a destroy would delete, and whether it would be refused. Read from the state: Pulumi's own preview ends at the
 * first protected resource, and a preview may not take that protection away.
 */
async function previewDestroy(args: DestroyArgs, options: PreviewOptions): Promise<void> {
  const session = await openAsFound(options.place, options.config);
  if (session === null) throw notSetUp(options.place);
  if (!options.picked.all && !args.evenActive) await refuseActive(session, options.picked);
  const existing = new Set(await session.stacks.existing());
  for (const name of destroyOrder(options.picked).flat()) {
    if (existing.has(name))
      await runWork([{ title: `Preview of ${name}`, run: (note) => listDoomed(session, name, note) }]);
  }
}

async function listDoomed({ stacks }: Session, name: string, note: (text: string) => void): Promise<string> {
  const doomed = resourcesOf(await stacks.state(name)).filter(({ type }) => isShown({ op: "delete", type }));
  for (const { urn } of doomed.reverse()) note(`would be deleted: ${resourceName(urn)}`);
  return `${doomed.length} to delete`;
}

/** Stacks in the order in which they go; those in one list go side by side. */
export function destroyOrder(picked: Picked): string[][] {
  return [picked.global ? [globalStack] : [], picked.regions].filter((names) => names.length > 0);
}

/** The region that acknowledges writes, or holds the last copy, goes only when that was said (whyKept). */
async function refuseActive(session: Session, picked: Picked): Promise<void> {
  if (picked.regions.length === 0) return;
  const outputs = await readOutputs(session);
  const secrets = secretsToAsk(session, picked);
  const ssh = await openHosts(session.place, outputs, secrets, { attempts: 1, timeoutSeconds: 5 });
  let answers: DatabaseAnswers;
  try {
    answers = await askDatabases(ssh, outputs);
  } finally {
    await ssh.close();
  }
  for (const name of picked.regions) {
    const why = whyKept(name, answers);
    if (why !== null) throw activeRefused(name, why, session.config);
  }
}

/** The keys for asking the hosts; without them nobody can tell which region is active (exit 12). */
export function secretsToAsk(session: Pick<Session, "secrets" | "config">, picked: Picked): SiteSecrets {
  try {
    return session.secrets;
  } catch (problem) {
    const region = picked.regions.join(", ");
    const why = `${region} can't be asked whether it is the active region: ${(problem as Error).message}`;
    throw activeRefused(region, why, session.config);
  }
}

/**
 * Why a region may not be destroyed without being told twice; null when it may. Beside a region that writes it may,
 * unless it is the active one. Where none does, one that may hold what no other database holds is kept: a fenced one
 * was perhaps the writer, a standby may be the last copy, and of a silent one nothing is known.
 */
export function whyKept(region: string, answers: DatabaseAnswers): string | null {
  const answer = answers[region];
  if (answer === undefined) return null;
  const { facts } = answer;
  if (facts?.role === "active") return `${region} is the active region (epoch ${facts.epoch})`;
  const others = Object.entries(answers).flatMap(([name, other]) => (name === region ? [] : [other.facts]));
  if (others.some((other) => other?.role === "active" && writes(other))) return null;
  if (facts === null) return `${region} can't be asked whether it is the active region: ${answer.why}`;
  if (facts.role === "unseeded") return null;
  if (facts.role === "fenced")
    return `the database of ${region} is fenced at epoch ${facts.epoch} and no other region accepts writes: it may hold what no other one does`;
  const copied = others.some(
    (other) => other !== null && other.role !== "unseeded" && other.epoch >= facts.epoch,
  );
  return copied
    ? null
    : `the database of ${region} is the last one that answers and holds the site's data (epoch ${facts.epoch})`;
}

function activeRefused(region: string, why: string, config: SiteConfig): UserError {
  const flag = siteFlag(config.site);
  return new UserError({
    what: `the region ${region} was not destroyed`,
    why,
    next: `npx evenkeel destroy --region ${region} --even-active${flag}, or npx evenkeel destroy${flag} for the whole site`,
    exitCode: exitCodes.refused,
    code: "active-region",
  });
}

async function destroyStacks(session: Session, picked: Picked): Promise<void> {
  forgetRollout(session);
  const existing = new Set(await session.stacks.existing());
  for (const names of destroyOrder(picked)) {
    const steps = names
      .filter((name) => existing.has(name))
      .map((name) => destroyStep(session, name, picked.all));
    const work: Work[] = steps.length > 0 ? [{ title: "Destroy", parallel: steps }] : [];
    await runWork(work);
  }
}

function destroyStep(session: Session, name: string, andRemove: boolean) {
  const run = async (note: (text: string) => void) => {
    const state = await prepareStack(session, name, note);
    if (resourcesOf(state).some(({ protect }) => protect === true)) await session.stacks.unprotect(name);
    const result = await session.stacks.run("destroy", name, note);
    return andRemove ? summary(result) : `${summary(result)}, the empty stack stays`;
  };
  return { title: `Stack ${name}`, run };
}

/**
 * Empty stacks, what a killed creation left in no state, and what is left of these stacks in the backend. Another stack
 * of the project is left with all that may be its own, and named by the error (exit code 12).
 */
export async function removeRest(session: Session): Promise<void> {
  const { stacks, config, engine } = session;
  for (const name of await stacks.existing()) await stacks.remove(name);
  const others = await stacks.others();
  if (config.provider === "lab" && others.length === 0) {
    const { removeLeftovers } = await import("../lab/docker.ts");
    const { containers, networks, volumes } = await removeLeftovers(config.site);
    const all = [...containers, ...networks, ...volumes];
    if (all.length > 0) say(`Removed what was in no state: ${all.join(", ")}.`);
  }
  const backend = fileBackend(engine.env);
  if (backend !== null) removeRemains(backend, config.site, stackNames(config));
  if (others.length > 0) throw othersLeft(config, others);
}

function othersLeft(config: SiteConfig, others: readonly string[]): UserError {
  const named = others.join(", ");
  return new UserError({
    what: `the site ${config.site} was destroyed, but its project has further stacks, which were left as they are: ${named}`,
    why: `the configuration names ${stackNames(config).join(", ")}; what the others may need stays with them: the site's folder, and machines that are in no other state`,
    next: `if they belong to this site, name them in evenkeel:regions and run npx evenkeel destroy${siteFlag(config.site)} again; else they are for whoever made them`,
    exitCode: exitCodes.refused,
    code: "other-stacks",
  });
}
