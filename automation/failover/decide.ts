import { databaseProblems } from "./database-problems.ts";
import { etcdProblems } from "./etcd-problems.ts";
import { type Commands, edgeHost } from "./next.ts";
import type { MachineProblem, Observation, RegionObservation } from "./observation.ts";
import { type Context, contextOf, mendOr, type Problem } from "./problem.ts";
import { webProblems } from "./web-problems.ts";
import type { Writers } from "./writers.ts";

/** What an observation amounts to. Closed: whoever acts on it must treat every member. */
export type Diagnosis =
  | { state: "healthy"; active: string; epoch: number; problems: [] }
  | { state: "degraded"; active: string; epoch: number; problems: Problem[] }
  | { state: "no-active"; active: null; epoch: number | null; problems: Problem[] }
  | { state: "two-writers"; active: null; epoch: number | null; writers: string[]; problems: Problem[] };

/**
 * Turns facts into one diagnosis. Two regions that may write are never explained away by their epochs; a fact that
 * is not known is a problem by itself and never counts as good.
 */
export function decide(observation: Observation, commands: Commands): Diagnosis {
  const context = contextOf(observation, commands);
  const { writers, epoch } = context;
  const problems = problemsOf(context);
  if (writers.all.length > 1) {
    const names = writers.all.map(({ name }) => name);
    const all = [twoWriters(writers, commands), ...problems];
    return { state: "two-writers", active: null, epoch, writers: names, problems: all };
  }
  if (writers.rightful === null || epoch === null)
    return { state: "no-active", active: null, epoch, problems };
  return problems.length === 0
    ? { state: "healthy", active: writers.rightful, epoch, problems: [] }
    : { state: "degraded", active: writers.rightful, epoch, problems };
}

/** Names every writer with its epoch; the lower ones are to be closed, of two at one epoch a person must choose. */
function twoWriters({ all, wrong }: Writers, commands: Commands): Problem {
  const named = all.map(({ name, epoch }) => `${name} (epoch ${epoch})`).join(" and ");
  return {
    code: "two-writers",
    what: `${named} both accept writes`,
    next: wrong.map(({ name }) => commands.fence(name)).join(", or "),
  };
}

function problemsOf(context: Context): Problem[] {
  const machines = context.observation.machines ?? [];
  return [
    ...missingProblems(machines, context.commands),
    ...stoppedProblems(machines, context.commands),
    ...context.observation.regions.flatMap((region) => regionProblems(region, context)),
    ...thirdPlaceProblems(context),
    ...etcdProblems(context),
  ];
}

/** One problem a stack: its machines are made anew by one command, a host's gateway with it. */
function missingProblems(machines: readonly MachineProblem[], commands: Commands): Problem[] {
  const missing = machines.filter(({ state }) => state === "missing");
  return [...new Set(missing.map(({ stack }) => stack))].map((stack) => {
    const own = missing.filter((machine) => machine.stack === stack);
    const names = own.map(({ name }) => name).join(", ");
    const byHand = commands.replace(
      stack,
      own.map(({ urn }) => urn),
    );
    const what =
      own.length === 1 ? `the machine ${names} does not exist any more` : `machines are gone: ${names}`;
    return { code: "machine-missing", what, next: `${commands.provision}, or by hand: ${byHand}` };
  });
}

function stoppedProblems(machines: readonly MachineProblem[], commands: Commands): Problem[] {
  return machines
    .filter(({ state }) => state === "stopped")
    .map(({ name }) => ({
      code: "machine-stopped",
      what: `the machine ${name} is stopped`,
      next: commands.provision,
    }));
}

function regionProblems(region: RegionObservation, context: Context): Problem[] {
  if (!region.built) {
    const what = `${region.name} is not built`;
    return [{ code: "region-not-built", what, next: context.commands.provision }];
  }
  return [...databaseProblems(region, context), ...webProblems(region, context)];
}

function thirdPlaceProblems(context: Context): Problem[] {
  const { commands } = context;
  const { thirdPlace } = context.observation;
  if (thirdPlace === null) {
    return [{ code: "third-place", what: "the third place is not built", next: commands.provision }];
  }
  const problem = (what: string, command: string): Problem => {
    return { code: "third-place", what, next: mendOr(context, "global", command) };
  };
  if (!thirdPlace.reachable) return [problem("the third place can't be reached", commands.look(edgeHost))];
  return [
    ...(thirdPlace.edge === true
      ? []
      : [problem("the edge does not answer", commands.restart(edgeHost, "haproxy"))]),
    ...(thirdPlace.dns === true
      ? []
      : [problem("DNS does not answer the name", commands.restart(edgeHost, "pdns"))]),
  ];
}
