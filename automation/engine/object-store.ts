import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cachedFolder, cacheFolder, cloneRoot, makeInCache } from "./cache.ts";
import { download, downloadUnchecked } from "./download.ts";
import { buildWithGo, chooseGo, findGo, noGoError, removeGoScratch } from "./go.ts";
import { fetchIntoCache, tryOfficialWay } from "./official.ts";
import { failureOf, runProgram } from "./program.ts";
import type { StepContext, StepOutcome } from "./steps.ts";
import { objectStoreVersion } from "./versions.ts";

/** The S3 gateway that store hosts run, on this machine. */
export interface ObjectStore {
  path: string;
  sha256: string;
}

const program = "versitygw";
const officialName = `${program}/${objectStoreVersion}-official`;
const builtName = `${program}/${objectStoreVersion}-built`;
const release = `https://github.com/versity/versitygw/releases/download/v${objectStoreVersion}`;
/** As its release names them (.goreleaser.yaml, name_template). */
const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "x86_64", arm64: "arm64" };
/** The archive is about 30 MB; it only starts when the address answers. */
const downloadTimeoutMs = 180_000;
const makeTimeoutMs = 40 * 60_000;

/** Null where set-up has not put it there. */
export async function objectStore(cache: string = cacheFolder()): Promise<ObjectStore | null> {
  for (const name of [officialName, builtName]) {
    const folder = await cachedFolder(cache, name);
    if (folder === null) continue;
    const sha256 = (await readFile(join(folder, "sha256"), "utf8")).trim();
    return { path: join(folder, program), sha256 };
  }
  return null;
}

/** Found in the cache, else the official release with its own checksums, else built from Go modules. */
export async function provideObjectStore(cache: string, context: StepContext): Promise<StepOutcome> {
  if ((await objectStore(cache)) !== null) return { state: "found", detail: objectStoreVersion };
  const why = await tryOfficialWay(
    {
      cache,
      name: `${program}-${objectStoreVersion}`,
      what: "the official release",
      addresses: [release],
      fetch: () => fetchRelease(cache, context),
    },
    context,
  );
  if (why === null) return { state: "done", detail: `${objectStoreVersion}, the official release` };
  return await build(cache, why, context);
}

async function fetchRelease(cache: string, context: StepContext): Promise<string | null> {
  const architecture = architectures[process.arch];
  if (architecture === undefined) return `there is no release for ${process.arch}`;
  const folderName = `${program}_v${objectStoreVersion}_Linux_${architecture}`;
  const place = {
    cache,
    name: officialName,
    lockTimeoutMs: downloadTimeoutMs + 10_000,
    signal: context.signal,
  };
  return await fetchIntoCache(place, async (folder) => {
    const why = await unpackRelease(folder, folderName, context.signal);
    if (why === null) await writeDigest(folder);
    return why;
  });
}

async function unpackRelease(folder: string, name: string, signal: AbortSignal): Promise<string | null> {
  const sums = join(folder, "checksums.txt");
  const archive = join(folder, `${name}.tar.gz`);
  const noSums = await downloadUnchecked({
    url: `${release}/checksums.txt`,
    file: sums,
    timeoutMs: downloadTimeoutMs,
    signal,
  });
  if (noSums !== null) return noSums;
  const sha256 = sumIn(await readFile(sums, "utf8"), `${name}.tar.gz`);
  if (sha256 === null) return `the release's checksums don't name ${name}.tar.gz`;
  const timeoutMs = downloadTimeoutMs;
  const noArchive = await download({
    url: `${release}/${name}.tar.gz`,
    sha256,
    file: archive,
    timeoutMs,
    signal,
  });
  if (noArchive !== null) return noArchive;
  const args = ["-xzf", archive, "-C", folder, "--strip-components=1", `${name}/${program}`];
  const unpacked = await runProgram({ file: "tar", args, env: process.env, timeoutMs: 60_000, signal });
  await rm(archive);
  return unpacked.outcome === "exited" && unpacked.exitCode === 0 ? null : failureOf(unpacked);
}

/** The checksum that `sha256sum` lines give a file; null where they don't. */
export function sumIn(lines: string, file: string): string | null {
  for (const line of lines.split("\n")) {
    const [sum, name] = line.trim().split(/\s+\*?/);
    if (name === file && /^[0-9a-f]{64}$/.test(sum ?? "")) return sum as string;
  }
  return null;
}

async function build(cache: string, officialFailure: string, context: StepContext): Promise<StepOutcome> {
  const found = await findGo(context.signal);
  const go = chooseGo(found);
  if (go === null) throw noGoError({ needed: "the lab's object store (versitygw)", officialFailure, found });
  const how = `from Go modules with Go ${go.version} (${go.path})`;
  context.say(
    `building ${objectStoreVersion} ${how}, because the official release can't be used: ${officialFailure}`,
  );
  await makeInCache({
    cache,
    name: builtName,
    lockTimeoutMs: makeTimeoutMs,
    signal: context.signal,
    onWait: () => context.say("another set-up is building it; waiting"),
    make: async (scratch) => {
      await buildWithGo({
        go,
        modules: join(cloneRoot, "automation", "engine", "go", "object-store"),
        program: "github.com/versity/versitygw/cmd/versitygw",
        ldflags: `-s -w -X main.Version=v${objectStoreVersion}`,
        output: join(scratch, program),
        cache,
        signal: context.signal,
        say: context.say,
      });
      await chmod(join(scratch, program), 0o755);
      await writeDigest(scratch);
    },
  });
  await removeGoScratch(cache, context.signal);
  return { state: "done", detail: `${objectStoreVersion}, built ${how}` };
}

/** Kept beside it: reckoned anew at every run it would cost a quarter of a second. */
async function writeDigest(folder: string): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(join(folder, program))) hash.update(chunk as Buffer);
  await writeFile(join(folder, "sha256"), `${hash.digest("hex")}\n`);
}
