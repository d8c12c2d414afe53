import { exitCodes, UserError } from "../errors.ts";
import { type CachedItem, makeInCache } from "./cache.ts";
import { whyUnreachable } from "./download.ts";
import { agoText, forgetFailure, recallFailure, rememberFailure } from "./remembered.ts";
import type { StepContext } from "./steps.ts";

export interface OfficialWay {
  cache: string;
  /** With the version, e.g. `pulumi-3.259.0`: a new version is tried at once. */
  name: string;
  /** What is asked for, as people are told: "the official installer". */
  what: string;
  /** One of them must answer before anything is fetched. */
  addresses: readonly string[];
  /** Null when it is there, else why not. */
  fetch: () => Promise<string | null>;
}

/** Null when the official way gave what was asked for, else why not. A failure is remembered for a day, not tried again. */
export async function tryOfficialWay(way: OfficialWay, context: StepContext): Promise<string | null> {
  const key = { cache: way.cache, name: way.name };
  const recalled = await recallFailure(key);
  if (recalled !== null) return `${recalled.why} (tried ${agoText(recalled.ageMs)})`;
  context.say(`asking for ${way.what}`);
  const why = (await whyUnreachable(way.addresses, context.signal)) ?? (await way.fetch());
  // What was interrupted says nothing of the way.
  if (context.signal.aborted) throw new UserError({ what: "stopped", exitCode: exitCodes.interrupted });
  await (why === null ? forgetFailure(key) : rememberFailure(key, why));
  return why;
}

/**
 * A folder of the cache made by a way that may fail for a reason worth telling: null when it is there, else the reason
 * that `fetch` gave. What `fetch` throws is thrown on.
 */
export async function fetchIntoCache(
  place: Omit<CachedItem, "make">,
  fetch: (folder: string) => Promise<string | null>,
): Promise<string | null> {
  let why: string | null = null;
  const make = async (folder: string) => {
    why = await fetch(folder);
    if (why !== null) throw new Error(why);
  };
  await makeInCache({ ...place, make }).catch((error: unknown) => {
    if (why === null) throw error;
  });
  return why;
}
