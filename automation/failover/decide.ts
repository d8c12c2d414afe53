import type { MachineProblem, Observation, RegionObservation } from "./observation.ts";
import { beats, isWriter, writersOf } from "./writers.ts";

/** One thing that is wrong, with the command that mends it where there is one. */
export interface Problem {
  code:
    | "two-writers"
    | "heartbeat-silent"
    | "standby-lagging"
    | "clock-skew"
    | "region-not-built"
    | "machine-missing"
    | "machine-stopped"
    | "database-silent"
    | "database-down"
    | "active-read-only"
    | "standby-not-replicating"
    | "standby-stale"
    | "unseeded"
    | "fenced"
    | "web-down"
    | "gate-wrong"
    | "third-place"
    | "restart-needed";
  what: string;
  next: string | null;
}

/** A healthy standby is under two seconds behind; half a minute is more than a long transaction or a busy machine. */
const lagLimitSeconds = 30;

/** What an observation amounts to. Closed: whoever acts on it must treat every member. */
export type Diagnosis =
  | { state: "healthy"; active: string; epoch: number; problems: [] }
  | { state: "degraded"; active: string; epoch: number; problems: Problem[] }
  | { state: "no-active"; active: null; epoch: number | null; problems: Problem[] }
  | { state: "two-writers"; active: null; epoch: number | null; writers: string[]; problems: Problem[] };

export interface Commands {
  provision: string;
  /** Lets a region that was active write again. */
  resume: (region: string) => string;
  /** Closes a region's database. */
  fence: (region: string) => string;
  /** Makes machines of one stack anew by hand, given their resources. */
  replace: (stack: string, urns: readonly string[]) => string;
}

/** The commands that a diagnosis names, for a site: the words that name it to evenkeel, and its plain pulumi. */
export function commandsOf(site: { flag: string; pulumi: string }): Commands {
  const { flag: siteFlag } = site;
  return {
    provision: `npx evenkeel provision${siteFlag}`,
    resume: (region) => `npx evenkeel resume ${region} --confirm ${region}${siteFlag}`,
    fence: (region) => `npx evenkeel ssh ${region}/database${siteFlag} -- sudo evenkeel-db fence`,
    replace: (stack, urns) =>
      [`${site.pulumi} up -s ${stack}`, ...urns.map((urn) => `--replace '${urn}'`)].join(" "),
  };
}

/**
 * Turns facts into one diagnosis. Two regions that may write are never explained away by their epochs; a fact that
 * is not known is a problem by itself and never counts as good.
 */
export function decide(observation: Observation, commands: Commands): Diagnosis {
  const problems = problemsOf(observation, commands);
  const epoch = highestEpoch(observation.regions);
  const writers = observation.regions.filter(isWriter);
  const [writer, second] = writers;
  if (second !== undefined) {
    const names = writers.map(({ name }) => name);
    const all = [twoWriters(observation, commands), ...problems];
    return { state: "two-writers", active: null, epoch, writers: names, problems: all };
  }
  if (writer?.database.facts?.role !== "active" || epoch === null)
    return { state: "no-active", active: null, epoch, problems };
  const own = writer.database.facts?.epoch ?? 0;
  if (own < epoch) {
    // The other region was promoted later, so what this one accepts is lost: nobody is active rightfully.
    const what = `${writer.name} accepts writes at epoch ${own} although epoch ${epoch} was granted`;
    return {
      state: "no-active",
      active: null,
      epoch,
      problems: [{ code: "fenced", what, next: commands.fence(writer.name) }, ...problems],
    };
  }
  return problems.length === 0
    ? { state: "healthy", active: writer.name, epoch, problems: [] }
    : { state: "degraded", active: writer.name, epoch, problems };
}

function writersIn({ regions }: Observation) {
  return writersOf(regions.map(({ name, database }) => ({ name, facts: database.facts })));
}

/** Names every writer with its epoch; the lower ones are to be closed, of two at one epoch a person must choose. */
function twoWriters(observation: Observation, commands: Commands): Problem {
  const { all, wrong } = writersIn(observation);
  const named = all.map(({ name, epoch }) => `${name} (epoch ${epoch})`).join(" and ");
  return {
    code: "two-writers",
    what: `${named} both accept writes`,
    next: wrong.map(({ name }) => commands.fence(name)).join(", or "),
  };
}

export function highestEpoch(regions: readonly RegionObservation[]): number | null {
  const known = regions.flatMap(({ database }) => (database.facts === null ? [] : [database.facts.epoch]));
  return known.length === 0 ? null : Math.max(...known);
}

function problemsOf(observation: Observation, commands: Commands): Problem[] {
  return [
    ...missingProblems(observation.machines ?? [], commands),
    ...stoppedProblems(observation.machines ?? [], commands),
    ...observation.regions.flatMap((region) => regionProblems(region, observation, commands)),
    ...thirdPlaceProblems(observation, commands),
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
    return { code: "machine-missing", what, next: `${byHand}, or ${commands.provision}` };
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

function regionProblems(region: RegionObservation, all: Observation, commands: Commands): Problem[] {
  const { name } = region;
  if (!region.built) {
    return [{ code: "region-not-built", what: `${name} is not built`, next: commands.provision }];
  }
  return [...databaseProblems(region, all, commands), ...webProblems(region, all, commands)];
}

function databaseProblems(region: RegionObservation, all: Observation, commands: Commands): Problem[] {
  const { name, database } = region;
  const next = commands.provision;
  const { facts } = database;
  if (facts === null) {
    return [
      { code: "database-silent", what: `the database host of ${name} can't be asked: ${database.why}`, next },
    ];
  }
  if (!facts.running) return [{ code: "database-down", what: `the database of ${name} does not run`, next }];
  const problems: Problem[] = [];
  if (facts.restartNeeded) {
    const what = `the database of ${name} runs on older settings until it is restarted`;
    problems.push({ code: "restart-needed", what, next: null });
  }
  if (facts.clockSkewSeconds !== null) {
    const what = `the clock of ${name} differs from the active region's by ${facts.clockSkewSeconds} s`;
    problems.push({ code: "clock-skew", what, next: null });
  }
  switch (facts.role) {
    case "active":
      if (facts.writable !== true) problems.push(readOnlyActive(region, all, commands));
      else if (!beats(name, facts, all.heartbeatSeconds)) {
        const what = `the heartbeat of ${name} stands still, so its gate stays closed`;
        problems.push({ code: "heartbeat-silent", what, next: commands.resume(name) });
      }
      break;
    case "standby":
      problems.push(...standbyProblems(name, facts, commands));
      break;
    case "unseeded":
      problems.push({
        code: "unseeded",
        what: `the database of ${name} holds no copy of the site yet`,
        next,
      });
      break;
    case "fenced":
      problems.push({
        code: "fenced",
        what: `the database of ${name} is fenced and takes no part`,
        next: null,
      });
      break;
    default:
      facts.role satisfies never;
  }
  return problems;
}

function readOnlyActive(region: RegionObservation, all: Observation, commands: Commands): Problem {
  const newest = highestEpoch(all.regions) ?? 0;
  const own = region.database.facts?.epoch ?? 0;
  const what = `${region.name} was active at epoch ${own} and is read-only since its database host restarted`;
  if (own < newest)
    return { code: "active-read-only", what: `${what}; epoch ${newest} is elsewhere`, next: null };
  return {
    code: "active-read-only",
    what,
    next: `${commands.resume(region.name)}, or ${commands.provision}`,
  };
}

function standbyProblems(
  name: string,
  facts: NonNullable<RegionObservation["database"]["facts"]>,
  commands: Commands,
): Problem[] {
  if (facts.replicating === true && facts.tls === true && facts.writable === false) {
    if ((facts.lagSeconds ?? 0) <= lagLimitSeconds) return [];
    const what = `the database of ${name} is ${facts.lagSeconds} s behind the active one`;
    return [{ code: "standby-lagging", what, next: null }];
  }
  if (facts.writable === true) {
    return [
      {
        code: "standby-stale",
        what: `the standby database of ${name} accepts writes`,
        next: commands.fence(name),
      },
    ];
  }
  const why = facts.replicationError === null ? "" : `: ${facts.replicationError}`;
  const what = `the database of ${name} does not follow the active one${why}`;
  return [{ code: "standby-not-replicating", what, next: null }];
}

function webProblems(region: RegionObservation, observation: Observation, commands: Commands): Problem[] {
  const next = commands.provision;
  const problems: Problem[] = [];
  if (region.http.live !== true) {
    problems.push({
      code: "web-down",
      what: `the web tier of ${region.name} does not answer at ${region.url}`,
      next,
    });
  } else if (region.http.ready !== true) {
    problems.push({ code: "web-down", what: `the web tier of ${region.name} reaches no database`, next });
  }
  // A second writer's gate is rightly closed.
  const active = writersIn(observation).rightful === region.name;
  for (const host of region.web) {
    if (host.gate === null) {
      problems.push({
        code: "web-down",
        what: `the web host ${host.host} can't be asked: ${host.why}`,
        next,
      });
    } else if ((host.gate === "open") !== active) {
      const what = `the gate of ${host.host} is ${host.gate} although ${region.name} is ${active ? "active" : "not"}`;
      problems.push({ code: "gate-wrong", what: active ? what : `${what} active`, next });
    }
  }
  if (problems.length === 0 && active && region.http.active !== true) {
    problems.push({
      code: "web-down",
      what: `${region.name} is active but /evenkeel/active says it is not`,
      next,
    });
  }
  return problems;
}

function thirdPlaceProblems({ thirdPlace }: Observation, commands: Commands): Problem[] {
  const next = commands.provision;
  if (thirdPlace === null) return [{ code: "third-place", what: "the third place is not built", next }];
  const problems: Problem[] = [];
  if (!thirdPlace.reachable)
    problems.push({ code: "third-place", what: "the third place can't be reached", next });
  else {
    if (thirdPlace.edge !== true)
      problems.push({ code: "third-place", what: "the edge does not answer", next });
    if (thirdPlace.dns !== true)
      problems.push({ code: "third-place", what: "DNS does not answer the name", next });
  }
  return problems;
}
