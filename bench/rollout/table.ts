import type { Taken } from "./command.ts";

/** Figures and how they are told. Pure. */

/** The runs of one thing, both ways. */
export interface Measured {
  what: string;
  /** How many times longer Ansible is meant to take, at least. */
  aimRatio: number;
  evenkeel: readonly Taken[];
  ansible: readonly Taken[];
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

/** The value below which so many of a hundred are, of the values themselves (nearest rank). Throws where there is none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const found = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (found === undefined) throw new Error("no value was measured");
  return found;
}

/** "12.3 s (11.9-14.0)", a single run as "12.3 s (1 run)". */
export function spreadText(seconds: readonly number[]): string {
  const middle = `${median(seconds).toFixed(1)} s`;
  if (seconds.length === 1) return `${middle} (1 run)`;
  return `${middle} (${Math.min(...seconds).toFixed(1)}-${Math.max(...seconds).toFixed(1)})`;
}

/** Header and rows: what, both medians with their spread, and how many times longer Ansible takes. */
export function figures(measured: readonly Measured[]): string[][] {
  const header = ["what", "evenkeel median (min-max)", "ansible median (min-max)", "ratio", "aim"];
  const rows = measured.map(({ what, aimRatio, evenkeel, ansible }) => [
    what,
    ...[evenkeel, ansible].map((runs) => spreadText(secondsOf(runs))),
    (median(secondsOf(ansible)) / median(secondsOf(evenkeel))).toFixed(2),
    `≥ ${aimRatio}`,
  ]);
  return [header, ...rows];
}

function secondsOf(runs: readonly Taken[]): number[] {
  return runs.map(({ seconds }) => seconds);
}

/**
 * Header and rows: what the machine's cores worked meanwhile. Where they are busy all the time, only less work makes a
 * run shorter.
 */
export function work(measured: readonly Measured[], cores: number): string[][] {
  const header = ["what", "evenkeel core seconds (cores busy)", "ansible core seconds (cores busy)"];
  const rows = measured.map(({ what, evenkeel, ansible }) => [
    what,
    ...[evenkeel, ansible].map((runs) => workText(runs, cores)),
  ]);
  return [header, ...rows];
}

/** "255 (97 %)": medians of the runs. */
function workText(runs: readonly Taken[], cores: number): string {
  return `${median(runs.map(({ coreSeconds }) => coreSeconds)).toFixed(0)} (${percent(busyShare(runs, cores))})`;
}

/** Which part of the cores worked, from 0 to 1: the median of the runs. */
function busyShare(runs: readonly Taken[], cores: number): number {
  return median(runs.map(({ seconds, coreSeconds }) => coreSeconds / (seconds * cores)));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/**
 * What stands in the way of an aim that was missed, as far as the cores tell; empty where all were reached. The shortest
 * that a run can be is its work, shared by cores that never wait.
 */
function obstacles(measured: readonly Measured[], cores: number): string[] {
  return measured.flatMap(({ what, aimRatio, evenkeel, ansible }) => {
    const theirs = median(secondsOf(ansible));
    if (theirs / median(secondsOf(evenkeel)) >= aimRatio) return [];
    const shortest = median(evenkeel.map(({ coreSeconds }) => coreSeconds)) / cores;
    const best = theirs / shortest;
    const why =
      best < aimRatio ? "only less work or more cores reach it" : "what it waits for keeps it from that";
    return [
      `The aim of "${what}" was missed: if the cores never waited, ours would take ${shortest.toFixed(1)} s, a ratio of ` +
        `${best.toFixed(2)}; ${why}.`,
    ];
  });
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
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const lines = ([header = [], ...rows]: string[][]) => [header, header.map(() => "---"), ...rows].map(line);
  const secondsText = (runs: readonly Taken[]) =>
    secondsOf(runs)
      .map((one) => one.toFixed(1))
      .join(", ");
  const runs = measured.flatMap(({ what, evenkeel, ansible, ansibleOf }) => [
    `- ${what}, evenkeel: ${secondsText(evenkeel)} s`,
    ...(ansibleOf === undefined ? [`- ${what}, ansible: ${secondsText(ansible)} s`] : []),
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
    ...lines(figures(measured)),
    "",
    ["The ratio is Ansible's median divided by ours.", ...shared].join(" "),
    "",
    `The site: ${size}.`,
    "",
    "## What the machine worked",
    "",
    ...lines(work(measured, machine.cores)),
    "",
    [
      "Core seconds are those in which one of the machine's cores worked on anything: the lab's hosts are on them too.",
      ...obstacles(measured, machine.cores),
    ].join(" "),
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
