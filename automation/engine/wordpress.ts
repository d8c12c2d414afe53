import { join } from "node:path";
import { cachedFolder, cacheFolder, makeInCache } from "./cache.ts";
import { download, whyUnreachable } from "./download.ts";
import { agoText, forgetFailure, recallFailure, rememberFailure } from "./remembered.ts";
import type { StepContext, StepOutcome } from "./steps.ts";
import { wordpressCorePin } from "./versions.ts";

export interface WordpressCore {
  version: string;
  sha256: string;
  /** The official archive, checked, on this machine. */
  path: string;
}

const archive = "wordpress.tar.gz";
const name = `wordpress/${wordpressCorePin.version}`;
/** The archive is about 27 MB; it only starts when the address answers. */
const downloadTimeoutMs = 180_000;

/** The pinned official archive where set-up could have it, else null: hosts then copy Debian's package into place. */
export async function wordpressCore(cache: string = cacheFolder()): Promise<WordpressCore | null> {
  const folder = await cachedFolder(cache, name);
  if (folder === null) return null;
  return { version: wordpressCorePin.version, sha256: wordpressCorePin.sha256, path: join(folder, archive) };
}

export async function provideWordpressCore(cache: string, context: StepContext): Promise<StepOutcome> {
  const { version } = wordpressCorePin;
  if ((await wordpressCore(cache)) !== null)
    return { state: "found", detail: `the official archive ${version}` };
  const key = { cache, name: `wordpress-${version}` };
  const recalled = await recallFailure(key);
  const why =
    recalled === null
      ? await fetchCore(cache, context)
      : `${recalled.why} (tried ${agoText(recalled.ageMs)})`;
  if (why === null) {
    await forgetFailure(key);
    return { state: "done", detail: `the official archive ${version}, checksum as pinned` };
  }
  if (recalled === null && !context.signal.aborted) await rememberFailure(key, why);
  const detail = `hosts take Debian's package, because the official archive ${version} can't be had: ${why}`;
  return { state: "found", detail };
}

async function fetchCore(cache: string, context: StepContext): Promise<string | null> {
  context.say("asking for the official archive");
  const unreachable = await whyUnreachable([wordpressCorePin.url], context.signal);
  if (unreachable !== null) return unreachable;
  let why: string | null = null;
  const make = async (folder: string) => {
    const { url, sha256 } = wordpressCorePin;
    why = await download({
      url,
      sha256,
      file: join(folder, archive),
      timeoutMs: downloadTimeoutMs,
      signal: context.signal,
    });
    if (why !== null) throw new Error(why);
  };
  const lockTimeoutMs = downloadTimeoutMs + 10_000;
  await makeInCache({ cache, name, lockTimeoutMs, signal: context.signal, make }).catch((error: unknown) => {
    if (why === null) throw error;
  });
  return why;
}
