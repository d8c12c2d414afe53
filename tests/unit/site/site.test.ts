import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { lockFile, takeLock } from "../../../automation/lock.ts";
import { withLockedSite } from "../../../automation/rollout/session.ts";
import {
  checkSiteFiles,
  emptySiteDirectory,
  removeEmptySiteDirectory,
  type SitePlace,
  sitePlace,
} from "../../../automation/site.ts";

let place: SitePlace;
beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), "evenkeel-site-"));
  place = { name: "shop", directory: root, stateDirectory: join(root, ".evenkeel/shop") };
  mkdirSync(place.stateDirectory, { recursive: true });
});
afterEach(() => rmSync(place.directory, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(join(place.stateDirectory, name), text);

describe("site files", () => {
  const lab = { provider: "lab" } as const;
  test("that are missing or whole pass", () => {
    checkSiteFiles(place, lab);
    write("ports.json", '{"third": {"ssh": 1, "https": 2, "dns": 3}}');
    write("core.json", "null\n");
    checkSiteFiles(place, lab);
    write("core.json", '{"version": "6.8", "sha256": "ab", "localPath": "/x.zip"}');
    checkSiteFiles(place, lab);
  });

  test.each([
    ["ports.json", "{"],
    ["ports.json", '{"third": {"ssh": "x"}}'],
    ["core.json", ""],
    ["core.json", '{"version": 6}'],
    ["drop-in.json", '{"version": "3.4"}'],
  ])("that are damaged (%s: %s) are a usage error and left alone", (name, text) => {
    write(name, text);
    expect(() => checkSiteFiles(place, lab)).toThrow(
      expect.objectContaining({ exitCode: 2, what: expect.stringContaining(name) }),
    );
    expect(readFileSync(join(place.stateDirectory, name), "utf8")).toBe(text);
  });

  test("damaged ports are not to be removed while hosts keep theirs", () => {
    write("ports.json", "{");
    expect(() => checkSiteFiles(place, lab)).toThrow(
      expect.objectContaining({ next: expect.stringContaining("evenkeel destroy") }),
    );
  });
});

test.each(["clone-id", "state", "pulumi", "Shop"])("%s is no site name", (name) => {
  expect(() => sitePlace(name, place.directory)).toThrow("is no site name");
});

test("a site's folder that is a link to itself is named, with what to remove", () => {
  mkdirSync(join(place.directory, "sites"));
  const loop = join(place.directory, "sites/loop");
  symlinkSync(loop, loop);
  expect(() => sitePlace("loop", place.directory)).toThrow(
    expect.objectContaining({
      name: "UserError",
      code: "not-readable",
      next: expect.stringContaining(`remove the link ${loop};`),
    }),
  );
});

describe("the site's folder", () => {
  const take = () =>
    takeLock({ site: place.name, stateDirectory: place.stateDirectory, run: "r", command: "destroy" });

  test("is emptied under the lock, whose file goes last", () => {
    const lock = take();
    write("secrets.json", "{}");
    mkdirSync(join(place.stateDirectory, "backup"));
    emptySiteDirectory(place, lockFile(place.stateDirectory));
    expect(readdirSync(place.stateDirectory)).toEqual(["lock.json"]);
    removeEmptySiteDirectory(place);
    expect(existsSync(lockFile(place.stateDirectory))).toBe(true);
    lock.release();
    removeEmptySiteDirectory(place);
    expect(existsSync(place.stateDirectory)).toBe(false);
    take().release();
  });

  test("stays where it is a link to elsewhere, and that is no error", () => {
    const elsewhere = join(place.directory, "elsewhere");
    mkdirSync(elsewhere);
    const link = join(place.directory, ".evenkeel/link");
    symlinkSync(elsewhere, link);
    removeEmptySiteDirectory({ ...place, stateDirectory: link });
    expect(existsSync(link)).toBe(true);
  });

  test("stays where it is a mount point, and that is no error", () => {
    const remove = () => removeEmptySiteDirectory({ ...place, stateDirectory: "/proc" });
    // Only root is told of the mount point; anybody else, that nothing can be removed from the folder above it.
    if (process.geteuid?.() === 0) remove();
    else expect(remove).toThrow("nothing can be written in /");
    expect(existsSync("/proc/self")).toBe(true);
  });

  test("gets no file while another command holds the lock", async () => {
    const lock = take();
    const engine = { wordpressCore: null } as unknown as Parameters<typeof withLockedSite>[0]["engine"];
    const config = { site: "shop", provider: "none", regions: [], regionPlans: [] };
    const options = { place, config, engine } as unknown as Parameters<typeof withLockedSite>[0];
    const work = withLockedSite(options, "provision", async () => {
      throw new Error("the work was begun");
    });
    await expect(work).rejects.toMatchObject({ exitCode: 13 });
    expect(readdirSync(place.stateDirectory)).toEqual(["lock.json"]);
    lock.release();
  });
});
