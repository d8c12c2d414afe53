import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { exitCodes, UserError } from "../errors.ts";
import { cachedFolder, cacheFolder } from "./cache.ts";
import { downloadUnchecked } from "./download.ts";
import { fetchIntoCache, tryOfficialWay } from "./official.ts";
import { failureOf, runProgram } from "./program.ts";
import { agoText, recallFailure } from "./remembered.ts";
import type { StepContext, StepOutcome } from "./steps.ts";
import { dropInPin } from "./versions.ts";

/** PG4WP, with which WordPress runs on PostgreSQL. */
export interface DropIn {
  version: string;
  /** Of its folder's files, as `treeHash` reckons it. */
  treeHash: string;
  /** An archive of that folder, on this machine. */
  path: string;
}

/** Names an archive of the pinned release, for a machine that can't reach its address. */
export const givenVariable = "EVENKEEL_PG4WP";
const archive = "pg4wp.tar.gz";
const folderName = "pg4wp";
const name = `${folderName}/${dropInPin.version}`;
const remembered = `${folderName}-${dropInPin.version}`;
/** The archive is about 1 MB; it only starts when the address answers. */
const downloadTimeoutMs = 60_000;
const unpackTimeoutMs = 30_000;

/** The pinned drop-in where set-up could have it, else null: the site has the order ledger alone then. */
export async function dropIn(cache: string = cacheFolder()): Promise<DropIn | null> {
  const folder = await cachedFolder(cache, name);
  if (folder === null) return null;
  return { version: dropInPin.version, treeHash: dropInPin.treeHash, path: join(folder, archive) };
}

/** Why set-up could not have it the last time, for people; null where that isn't known. */
export async function whyNoDropIn(cache: string = cacheFolder()): Promise<string | null> {
  const failure = await recallFailure({ cache, name: remembered });
  return failure === null ? null : `${failure.why} (tried ${agoText(failure.ageMs)})`;
}

/**
 * Found in the cache, else from the archive that EVENKEEL_PG4WP names, else the official one. That none can be had is
 * no failure; a given archive that is not the pinned release is one (UserError, exit code 2): something else than what
 * was asked for would be installed.
 */
export async function provideDropIn(
  cache: string,
  context: StepContext,
  env: NodeJS.ProcessEnv = process.env,
): Promise<StepOutcome> {
  const { version, url } = dropInPin;
  if ((await dropIn(cache)) !== null) return { state: "found", detail: version };
  const given = env[givenVariable];
  if (given !== undefined && given !== "") return await takeGiven(cache, given, context);
  const way = {
    cache,
    name: remembered,
    what: "the official archive",
    addresses: [url],
    fetch: () => fetchOfficial(cache, context),
  };
  const why = await tryOfficialWay(way, context);
  if (why === null) return { state: "done", detail: `${version}, its files as pinned` };
  return { state: "found", detail: `hosts go without it, because ${version} can't be had: ${why}` };
}

async function takeGiven(cache: string, given: string, { signal }: StepContext): Promise<StepOutcome> {
  const path = isAbsolute(given) ? given : resolve(given);
  const why = await fetchIntoCache(placeOf(cache, signal), (folder) => keep(folder, path, signal));
  if (why === null) return { state: "done", detail: `${dropInPin.version}, from ${path}` };
  throw new UserError({
    what: `${givenVariable} names ${path}, which is no archive of PG4WP ${dropInPin.version}`,
    why,
    next: `give the path of what lies at ${dropInPin.url}, or unset ${givenVariable}`,
    exitCode: exitCodes.usage,
    code: "drop-in",
  });
}

function fetchOfficial(cache: string, { signal }: StepContext): Promise<string | null> {
  return fetchIntoCache(placeOf(cache, signal), async (folder) => {
    const file = join(folder, "download.tar.gz");
    const why = await downloadUnchecked({ url: dropInPin.url, file, timeoutMs: downloadTimeoutMs, signal });
    if (why !== null) return why;
    const unfit = await keep(folder, file, signal);
    await rm(file);
    return unfit;
  });
}

function placeOf(cache: string, signal: AbortSignal) {
  return { cache, name, lockTimeoutMs: downloadTimeoutMs + unpackTimeoutMs, signal };
}

/**
 * Leaves in `folder` an archive of the drop-in alone, taken out of the release's archive. Null when its files are the
 * pinned ones, else why not.
 */
async function keep(folder: string, release: string, signal: AbortSignal): Promise<string | null> {
  const unpacked = join(folder, "unpacked");
  await mkdir(unpacked);
  const run = async (args: string[]) => {
    const done = await runProgram({
      file: "tar",
      args,
      env: process.env,
      timeoutMs: unpackTimeoutMs,
      signal,
    });
    return done.outcome === "exited" && done.exitCode === 0 ? null : failureOf(done);
  };
  const wanted = ["--strip-components=1", "--wildcards", "--no-wildcards-match-slash", `*/${folderName}`];
  const why =
    (await run(["-xzf", release, "-C", unpacked, "--no-same-owner", ...wanted])) ??
    (await treeProblem(join(unpacked, folderName))) ??
    (await run(["-czf", join(folder, archive), "-C", unpacked, folderName]));
  await rm(unpacked, { recursive: true, force: true });
  return why;
}

async function treeProblem(folder: string): Promise<string | null> {
  const actual = await treeHash(folder);
  return actual === dropInPin.treeHash
    ? null
    : `its files are not the pinned ones: their hash is ${actual ?? "none, since not all are files"}, expected ${dropInPin.treeHash}`;
}

/**
 * SHA-256 (hexadecimal) over the lines that `sha256sum` prints for a folder's files, `./` before each path, in the
 * order of their bytes: `find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`. Hosts reckon it so
 * (host/files/pg4wp/install-drop-in). Null where something is neither a file nor a folder: a link has no hash here.
 */
export async function treeHash(folder: string): Promise<string | null> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.some((entry) => !entry.isFile() && !entry.isDirectory())) return null;
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const tree = createHash("sha256");
  for (const path of paths) {
    const file = createHash("sha256").update(await readFile(join(folder, path)));
    tree.update(`${file.digest("hex")}  ./${path}\n`);
  }
  return tree.digest("hex");
}
