import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that says what a lab host is made of: packages, files under their on-host names, set-up script. */
export const recipeFolder = fileURLToPath(new URL("./image", import.meta.url));

/**
 * The image's name: its tag is the hash of the recipe, so a changed recipe is another image, and one that is
 * already there need not be looked into. Paths and contents count, file modes don't: the recipe sets those itself.
 */
export function labImage(folder: string = recipeFolder): string {
  const hash = createHash("sha256");
  for (const path of recipeFiles(folder)) {
    hash
      .update(`${relative(folder, path)}\0`)
      .update(readFileSync(path))
      .update("\0");
  }
  return `evenkeel-lab:${hash.digest("hex").slice(0, 12)}`;
}

function recipeFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
