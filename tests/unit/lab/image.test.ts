import { cp, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { labImage, recipeFolder } from "../../../components/lab/image.ts";

describe("the lab image's tag", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "evenkeel-recipe-"));
    await cp(recipeFolder, folder, { recursive: true });
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("is the same for the same recipe wherever it lies", () => {
    expect(labImage()).toMatch(/^evenkeel-lab:[0-9a-f]{12}$/);
    expect(labImage(folder)).toBe(labImage());
  });

  test("changes with a package, with a file's content, with a file's name, and with a file more", async () => {
    const tags = new Set([labImage(folder)]);
    await writeFile(join(folder, "packages.txt"), "another-package\n", { flag: "a" });
    tags.add(labImage(folder));
    await writeFile(join(folder, "files/etc/evenkeel-lab/guard.nft"), "# changed\n", { flag: "a" });
    tags.add(labImage(folder));
    await rename(join(folder, "files/etc/sudoers.d/evenkeel"), join(folder, "files/etc/sudoers.d/other"));
    tags.add(labImage(folder));
    await writeFile(join(folder, "files/etc/new"), "");
    tags.add(labImage(folder));
    expect(tags.size).toBe(5);
  });
});
