import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readIfThere } from "../../automation/site/durable.ts";
import { distancesMs } from "../lab/support/distance.ts";
import { runTests } from "./jest.ts";
import { takeAway, well } from "./shapes.ts";

const rounds = 5;
const site = "soak-lease";

/** The faults of tests/lab/lease at one distance, and how long the same two lasted each time, in milliseconds. */
export interface Apart {
  roundTripMs: number;
  tests: string;
  cutToLastMs: number[];
  healedToFirstMs: number[];
  standbyLostToFlowMs: number[];
  problems: string[];
}

interface Options {
  say: (line: string) => void;
  found: (apart: Apart) => void;
}

/** A site from nothing, its regions put further and further apart, and all to nothing again. Only root may. */
export async function runLease({ say, found }: Options): Promise<void> {
  const problems = await takeAway(site);
  if (problems.length > 0) throw new Error(problems.join("; "));
  try {
    await well(site, ["init"]);
    await well(site, ["provision", "--yes"]);
    for (const roundTripMs of distancesMs) {
      const apart = await atDistance(roundTripMs);
      say(
        `${roundTripMs} ms apart: ${apart.problems.length === 0 ? apart.tests : apart.problems.join("; ")}`,
      );
      found(apart);
    }
  } finally {
    problems.push(...(await takeAway(site)));
  }
  if (problems.length > 0) throw new Error(problems.join("; "));
}

/** Side by side the faults are in `npm test`; clocks that jump know no distance. */
const filesAt = (roundTripMs: number) =>
  roundTripMs === 0
    ? ["tests/soak/lab/lease-"]
    : ["tests/lab/lease.test.ts", "tests/soak/lab/lease-figures.test.ts"];

async function atDistance(roundTripMs: number): Promise<Apart> {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-lease-"));
  const file = join(folder, "figures.jsonl");
  try {
    const { result, failed } = await runTests(filesAt(roundTripMs), {
      EVENKEEL_TEST_SITE: site,
      EVENKEEL_DISTANCE_MS: String(roundTripMs),
      EVENKEEL_LEASE_ROUNDS: String(rounds),
      EVENKEEL_LEASE_FIGURES: file,
    });
    // Not there where no round came so far as to be measured: why not is among what failed.
    const lines = (readIfThere(file) ?? "").split("\n").filter((line) => line !== "");
    const figures = lines.map((line) => JSON.parse(line) as Record<string, number>);
    const all = (name: string) => figures.flatMap((one) => one[name] ?? []);
    return {
      roundTripMs,
      tests: result,
      cutToLastMs: all("cutToLastMs"),
      healedToFirstMs: all("healedToFirstMs"),
      standbyLostToFlowMs: all("standbyLostToFlowMs"),
      problems: failed,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
