import type { Matrix } from "./engines.ts";
import type { Forced } from "./failovers.ts";
import type { Round } from "./interrupts.ts";
import type { Apart } from "./lease.ts";
import type { Visit } from "./newcomer.ts";
import { whenText } from "./schedule.ts";
import type { Shape } from "./shapes.ts";
import { code, oneLine, outcome, spread, sumOf, table } from "./words.ts";

/** docs/soak.md, a section a part, each from what that part found when it was last run. Pure. */

/** In the order in which they are run. */
export const partNames = ["shapes", "engines", "lease", "failovers", "newcomer", "interrupts"] as const;
export type PartName = (typeof partNames)[number];

/** What a part finds, one after the other. */
export interface Findings {
  shapes: Shape;
  engines: Matrix;
  lease: Apart;
  failovers: Forced;
  newcomer: Visit;
  interrupts: Round;
}

/** What is kept of the last run of a part. */
export interface Kept<T> {
  commit: string;
  seed: number;
  /** Why it did not come to its end; null where it did. */
  cutShort: string | null;
  findings: T[];
}

/** How a part's section is written; the page has them in this order. */
const sections: {
  [Name in PartName]: {
    title: string;
    lines: (findings: readonly Findings[Name][]) => string[];
    more?: (seed: number) => string;
  };
} = {
  interrupts: { title: "Interrupted runs", lines: roundLines, more: (seed) => `, seed ${seed}` },
  shapes: { title: "Other shapes of a site", lines: shapeLines },
  engines: { title: "Other engines", lines: matrixLines },
  lease: { title: "Regions further apart", lines: apartLines },
  failovers: { title: "Forced failovers", lines: forcedLines },
  newcomer: { title: "A newcomer", lines: visitLines },
};

const head = `# The last soak

Written by \`npm run soak\`; not edited by hand. Each part is of the commit that it names: \`--only\` runs one alone.
`;

/** The page with this part's section anew; the others stay as they are, or say that they were never run. */
export function withPart<Name extends PartName>(
  page: string | null,
  part: Name,
  kept: Kept<Findings[Name]>,
): string {
  const found = new Map(
    (page ?? "")
      .split(/^(?=## )/m)
      .filter((text) => text.startsWith("## "))
      .map((text) => [text.slice(3, text.indexOf("\n")), text.trimEnd()] as const),
  );
  const { title, lines, more } = sections[part];
  found.set(title, section(title, kept, lines, more).join("\n").trimEnd());
  const all = Object.values(sections).map((one) => found.get(one.title) ?? `## ${one.title}\n\nNot run yet.`);
  return `${[head.trimEnd(), ...all].join("\n\n")}\n`;
}

function section<T extends { problems: string[] }>(
  title: string,
  kept: Kept<T>,
  lines: (findings: readonly T[]) => string[],
  more: (seed: number) => string = () => "",
): string[] {
  const { commit, seed, cutShort, findings } = kept;
  const well = findings.filter(({ problems }) => problems.length === 0).length;
  return [
    `## ${title}`,
    "",
    `Commit ${commit.slice(0, 12)}${more(seed)}: ${well} of ${findings.length} well.`,
    ...(cutShort === null ? [] : ["", `**Cut short**, so this is not all of it: ${oneLine(cutShort)}`]),
    "",
    ...lines(findings),
    "",
  ];
}

function roundLines(rounds: readonly Round[]): string[] {
  return [
    "Each round interrupts a run (a cold provision, or the destroy of a whole site), then runs the same command again and",
    "looks at the site, its processes and what is left of it. A kill, Ctrl-C (once, or again a second later) comes after a",
    "line of the run's progress; a hang-up is a terminal that is closed, at a fraction of the seconds that the run takes",
    "when nobody disturbs it. A run that is interrupted must end with 130 (0 where its last step was under way), say",
    "how to go on, and let its lock go; after a hang-up the exit is what its journal says.",
    "",
    ...table(
      ["run", "how it was ended", "when", "exit", "seconds to its end", "seconds to carry on", "outcome"],
      rounds.map(({ moment, ended, stopSeconds, carryOnSeconds, problems }) => [
        moment.verb,
        moment.blow,
        whenText(moment.when),
        ended,
        stopSeconds.toFixed(1),
        carryOnSeconds.toFixed(1),
        outcome(problems, "converged"),
      ]),
    ),
  ];
}

function shapeLines(shapes: readonly Shape[]): string[] {
  return [
    "Each is built beside the ones before it; all its machines are stopped at once, as a reboot would, and it is built",
    "again. All are looked at once more, and destroyed.",
    "",
    ...table(
      ["init", "seconds to build", "seconds after the reboot", "outcome"],
      shapes.map(({ name, provisionSeconds, rebootSeconds, problems }) => [
        code(name),
        provisionSeconds.toFixed(1),
        rebootSeconds.toFixed(1),
        outcome(problems, "well"),
      ]),
    ),
  ];
}

function apartLines(all: readonly Apart[]): string[] {
  return [
    "tests/lab/lease with the regions put further apart (side by side it is in `npm test`, and here are clocks that jump),",
    "and how long two of its faults last, in milliseconds: p50 / p95 (least-most, rounds). Cut: the active region off",
    "everything, commits waiting for nobody; the lease T is 2400 ms, and gate and port close 2200 ms (D) after the sending of",
    "the last renewal that etcd took. Lost: the standby off the active region alone; commits wait 2000 ms for it (`bounded`)",
    "before it leaves the sync set.",
    "",
    ...table(
      [
        "round trip, ms",
        "tests",
        "cut to the last answer",
        "healed to the first",
        "lost to writes flowing",
        "outcome",
      ],
      all.map((one) => [
        `+${one.roundTripMs}`,
        one.tests,
        spread(one.cutToLastMs),
        spread(one.healedToFirstMs),
        spread(one.standbyLostToFlowMs),
        outcome(one.problems, "well"),
      ]),
    ),
  ];
}

function matrixLines(matrices: readonly Matrix[]): string[] {
  return [
    "Database and keeper of each engine on two plain hosts, every chapter; then a site of it, built from nothing: the lab",
    "tests that know no engine run on it, and it is destroyed.",
    "",
    ...table(
      ["engine", "seconds to build", "second provision, seconds", "two hosts", "site", "outcome"],
      matrices.map(({ engine, provisionSeconds, againSeconds, hosts, tests, problems }) => [
        engine,
        provisionSeconds.toFixed(1),
        againSeconds.toFixed(1),
        hosts,
        tests,
        outcome(problems, "well"),
      ]),
    ),
  ];
}

function forcedLines(all: readonly Forced[]): string[] {
  return [
    "The active region's machines killed under orders, the failover given, the old region reinstated and the site failed",
    "back, again and again; orders lost and doubled over all rounds. Write outage: from the last acknowledged order through",
    "the public name to the first one behind, milliseconds, p50 / p95 (least-most, rounds); it holds the drill's own time to",
    "see the fault and give the command. Then the moves' own tests, the orchestrator killed (-9) behind every step, and the",
    "control arm: `async`, which has to lose, and to name exactly what.",
    "",
    ...table(
      ["engine", "durability", "write outage, ms", "orders", "lost", "doubled", "failovers", "outcome"],
      all.flatMap((one) =>
        one.of === "failovers" ? ["strict", "bounded"].map((durability) => forcedRow(one, durability)) : [],
      ),
    ),
    "",
    ...table(
      ["engine", "moves", "outcome"],
      all.flatMap((one) =>
        one.of === "moves" ? [[one.engine, one.tests, outcome(one.problems, "well")]] : [],
      ),
    ),
  ];
}

function forcedRow(
  { engine, tests, figures, problems }: Forced & { of: "failovers" },
  durability: string,
): string[] {
  const own = figures.filter((figure) => figure.durability === durability);
  return [
    engine,
    durability,
    spread(own.flatMap(({ writesMs }) => writesMs ?? [])),
    String(own.reduce((sum, { acknowledged }) => sum + acknowledged, 0)),
    sumOf(own.map(({ lost }) => lost)),
    sumOf(own.map(({ doubled }) => doubled)),
    tests,
    outcome(problems, "well"),
  ];
}

function visitLines(visits: readonly Visit[]): string[] {
  return [
    "A bare clone of that commit in an empty folder, with an empty home and so with none of this user's caches; then the",
    "README's five minutes, command by command, without a terminal. What is the machine's is there already: Docker and",
    "its images, system packages.",
    "",
    ...table(
      ["command", "seconds", "outcome"],
      visits.map(({ command, seconds, problems }) => [
        /^(git|npm|npx) /.test(command) ? code(command) : command,
        seconds.toFixed(1),
        outcome(problems, "well"),
      ]),
    ),
  ];
}
