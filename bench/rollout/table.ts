/** Figures and how they are told. Pure. */

/** Seconds of the runs of one thing, both ways. */
export interface Measured {
  what: string;
  evenkeelSeconds: readonly number[];
  ansibleSeconds: readonly number[];
  /** The row whose runs of Ansible's these are, where it has none of its own here. */
  ansibleOf?: string;
}

/** The machine that it was measured on. */
export interface Machine {
  cores: number;
  memoryGib: number;
}

/** The middle value; the mean of the two middle ones where their number is even. Throws where there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new Error("there is no median of nothing");
  return (lower + upper) / 2;
}

/** "12.3 s (11.9-14.0)", a single run as "12.3 s (1 run)". */
export function spreadText(seconds: readonly number[]): string {
  const middle = `${median(seconds).toFixed(1)} s`;
  if (seconds.length === 1) return `${middle} (1 run)`;
  return `${middle} (${Math.min(...seconds).toFixed(1)}-${Math.max(...seconds).toFixed(1)})`;
}

/** Header and rows: what, both medians with their spread, and how many times longer Ansible takes. */
export function figures(measured: readonly Measured[]): string[][] {
  const header = ["what", "evenkeel median (min-max)", "ansible median (min-max)", "ratio"];
  const rows = measured.map(({ what, evenkeelSeconds, ansibleSeconds }) => [
    what,
    spreadText(evenkeelSeconds),
    spreadText(ansibleSeconds),
    (median(ansibleSeconds) / median(evenkeelSeconds)).toFixed(2),
  ]);
  return [header, ...rows];
}

export function machineText({ cores, memoryGib }: Machine): string {
  return `${cores} cores, ${memoryGib.toFixed(0)} GiB of memory`;
}

export interface PageFacts {
  commit: string;
  machine: Machine;
  ansibleVersion: string;
  measured: readonly Measured[];
  /** How many hosts, roles, files and verbs the site has. */
  size: string;
  notes: readonly string[];
}

/** docs/bench-rollout.md. `notes` are sentences on what was run and what differs. */
export function page({ commit, machine, ansibleVersion, measured, size, notes }: PageFacts): string {
  const [header = [], ...rows] = figures(measured);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const secondsText = (seconds: readonly number[]) => seconds.map((one) => one.toFixed(1)).join(", ");
  const runs = measured.flatMap(({ what, evenkeelSeconds, ansibleSeconds, ansibleOf }) => [
    `- ${what}, evenkeel: ${secondsText(evenkeelSeconds)} s`,
    ...(ansibleOf === undefined ? [`- ${what}, ansible: ${secondsText(ansibleSeconds)} s`] : []),
  ]);
  const shared = measured.flatMap(({ what, ansibleOf }) =>
    ansibleOf === undefined
      ? []
      : [`Ansible has one way only: its figures beside "${what}" are those of "${ansibleOf}".`],
  );
  return [
    "# Our rollout and Ansible's",
    "",
    "Written by `npm run bench:rollout`; not edited by hand.",
    "",
    `Commit ${commit.slice(0, 12)}, ansible-core ${ansibleVersion}, ${machineText(machine)}.`,
    "",
    line(header),
    line(header.map(() => "---")),
    ...rows.map(line),
    "",
    ["The ratio is Ansible's median divided by ours.", ...shared].join(" "),
    "",
    `The site: ${size}.`,
    "",
    "## What was run",
    "",
    ...notes.map((note) => `- ${note}`),
    "",
    "## Every run",
    "",
    ...runs,
    "",
  ].join("\n");
}
