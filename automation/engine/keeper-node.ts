import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { UserError } from "../errors.ts";
import { cachedFolder, cacheFolder, makeInCache } from "./cache.ts";
import type { StepContext, StepOutcome } from "./steps.ts";

/** The Node that keepers run with: a gzip archive of the program on this machine. */
export interface KeeperNode {
  version: string;
  path: string;
  sha256: string;
}

/** The one that this program itself runs with: the pinned one, and what the tests of the keeper ran with. */
const itemName = `keeper-node/${process.version}-${process.platform}-${process.arch}`;
const archive = "node.gz";
const makeTimeoutMs = 120_000;

/** Null where set-up has not put it there. */
export async function keeperNode(cache: string = cacheFolder()): Promise<KeeperNode | null> {
  const folder = await cachedFolder(cache, itemName);
  if (folder === null) return null;
  const sha256 = (await readFile(join(folder, "sha256"), "utf8")).trim();
  return { version: process.version, path: join(folder, archive), sha256 };
}

/** Packed once for all hosts. Throws UserError where this machine's Node can't run on a host. */
export async function provideKeeperNode(cache: string, context: StepContext): Promise<StepOutcome> {
  if ((await keeperNode(cache)) !== null) return { state: "found", detail: process.version };
  if (process.platform !== "linux")
    throw new UserError({
      what: `the keeper's hosts run Linux, and this machine's Node is for ${process.platform}`,
      next: "run Evenkeel on a Linux machine",
      exitCode: 1,
      code: "keeper-node",
    });
  await makeInCache({
    cache,
    name: itemName,
    lockTimeoutMs: makeTimeoutMs,
    signal: context.signal,
    onWait: () => context.say("another set-up is packing it; waiting"),
    make: (folder) => pack(folder, context.signal),
  });
  return { state: "done", detail: process.version };
}

async function pack(folder: string, signal: AbortSignal): Promise<void> {
  const path = join(folder, archive);
  await pipeline(createReadStream(process.execPath), createGzip({ level: 6 }), createWriteStream(path), {
    signal,
  });
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  await writeFile(join(folder, "sha256"), `${hash.digest("hex")}\n`);
}
