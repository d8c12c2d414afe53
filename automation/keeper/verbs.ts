import type { Ended, Spares } from "./program.ts";
import type { Verb } from "./state.ts";

/** Seconds that each verb may take by itself. */
const deadlineSeconds: Readonly<Record<Verb["name"], number>> = {
  fence: 20,
  close: 20,
  sync: 15,
  reach: 5,
  mark: 5,
  receive: 60,
  prepare: 30,
  open: 30,
};
/** The words behind `evenkeel-db`. */
export function wordsOf(verb: Verb): string[] {
  const deadline = ["--deadline", String(deadlineSeconds[verb.name])];
  switch (verb.name) {
    case "fence":
      return ["fence", "--by", "keeper", ...deadline];
    case "receive":
      return ["receive", ...deadline];
    case "close":
    case "prepare":
      return [verb.name, "--epoch", String(verb.epoch), ...deadline];
    case "reach":
    case "mark":
      return [verb.name, "--epoch", String(verb.epoch), "--region", verb.region, ...deadline];
    case "sync":
    case "open":
      return [
        verb.name,
        "--epoch",
        String(verb.epoch),
        ...(verb.regions.length > 0 ? verb.regions : ["none"]),
        ...deadline,
      ];
  }
}

/** Runs a verb to its end. `words`: the reasons that it gave where it failed. Never throws. */
export async function runVerb(programs: Spares, verb: Verb): Promise<Ended> {
  return await programs.run(wordsOf(verb), deadlineSeconds[verb.name]);
}
