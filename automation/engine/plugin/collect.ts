import { readdir } from "node:fs/promises";
import path from "node:path";
import { chooser } from "./glob.ts";
import { archiveHash, fileHash } from "./tar-hash.ts";
import { assetArchive, fileAsset, type WireObject } from "./values.ts";

export interface Collected {
  assets?: WireObject;
  archive?: WireObject;
}

/**
 * The files that a command left, as its outputs `assets` and `archive`: named by their paths below `dir`, each an
 * asset that lies at `dir` joined with its name, as `dir` was given. Only what was asked for is there.
 */
export async function collectFiles(
  dir: string,
  asked: { assetPaths?: readonly string[] | undefined; archivePaths?: readonly string[] | undefined },
): Promise<Collected> {
  const { assetPaths, archivePaths } = asked;
  if (assetPaths === undefined && archivePaths === undefined) return {};
  const names = await filesBelow(dir);
  const collected: Collected = {};
  if (assetPaths !== undefined) collected.assets = await assetsOf(dir, names.filter(chooser(assetPaths)));
  if (archivePaths !== undefined) {
    const chosen = names.filter(chooser(archivePaths));
    const packed = chosen.map((name) => ({ name, file: path.join(dir, name) }));
    collected.archive = assetArchive(await assetsOf(dir, chosen), await archiveHash(packed));
  }
  return collected;
}

async function assetsOf(dir: string, names: readonly string[]): Promise<WireObject> {
  const assets: WireObject = {};
  for (const name of names) {
    const file = path.join(dir, name);
    assets[name] = fileAsset(file, await fileHash(file));
  }
  return assets;
}

/** Everything below a folder that is no folder, links to folders too; those are not followed. */
async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)));
  return names.sort();
}
