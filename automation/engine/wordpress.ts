import { join } from "node:path";
import { cachedFolder, cacheFolder } from "./cache.ts";
import { download } from "./download.ts";
import { fetchIntoCache, tryOfficialWay } from "./official.ts";
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
  const why = await tryOfficialWay(
    {
      cache,
      name: `wordpress-${version}`,
      what: "the official archive",
      addresses: [wordpressCorePin.url],
      fetch: () => fetchCore(cache, context),
    },
    context,
  );
  if (why === null) return { state: "done", detail: `the official archive ${version}, checksum as pinned` };
  const detail = `hosts take Debian's package, because the official archive ${version} can't be had: ${why}`;
  return { state: "found", detail };
}

function fetchCore(cache: string, { signal }: StepContext): Promise<string | null> {
  const { url, sha256 } = wordpressCorePin;
  const timeoutMs = downloadTimeoutMs;
  return fetchIntoCache({ cache, name, lockTimeoutMs: timeoutMs + 10_000, signal }, (folder) =>
    download({ url, sha256, file: join(folder, archive), timeoutMs, signal }),
  );
}
