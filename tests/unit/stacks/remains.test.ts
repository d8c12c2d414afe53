import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { removeRemains } from "../../../automation/stacks/remains.ts";

let backend: string;
beforeEach(() => {
  backend = mkdtempSync(join(tmpdir(), "evenkeel-remains-"));
});
afterEach(() => rmSync(backend, { recursive: true, force: true }));

const put = (...paths: string[]) => {
  for (const path of paths) {
    const file = join(backend, ".pulumi", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "{}");
  }
};
const files = () =>
  readdirSync(backend, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(backend, ".pulumi/").length))
    .sort();
const folder = (path: string) => existsSync(join(backend, ".pulumi", path));

/** What `pulumi stack rm` leaves of a stack. */
const remainsOf = (stack: string) => [
  `stacks/shop/${stack}.json.bak`,
  `stacks/shop/${stack}.json.bak.attrs`,
  `backups/shop/${stack}/${stack}.1.json`,
  `history/shop/${stack}/${stack}-1.history.json`,
  `locks/organization/shop/${stack}/x.json.attrs`,
];
const kinds = ["stacks/shop", "backups/shop", "history/shop", "locks/organization/shop"];

describe("[P2] what is left in the backend of stacks that were removed", () => {
  test("goes with the project's folders, and another project's stays", () => {
    const other = remainsOf("primary").map((path) => path.replace("/shop/", "/blog/"));
    put(...remainsOf("primary"), ...remainsOf("global"), ...other);
    removeRemains(backend, "shop", ["primary", "global"]);
    expect(files()).toEqual([...other].sort());
    expect(kinds.filter(folder)).toEqual([]);
    removeRemains(backend, "shop", ["primary", "global"]);
  });

  test("leaves every stack of the project that was not named, with its backups, history and locks", () => {
    const kept = ["tertiary", "primary-2"].flatMap((name) => [
      `stacks/shop/${name}.json`,
      ...remainsOf(name),
    ]);
    put(...remainsOf("primary"), ...kept);
    removeRemains(backend, "shop", ["primary", "global"]);
    expect(files()).toEqual([...kept].sort());
  });

  test("leaves a stack that was named but is still there", () => {
    const kept = ["stacks/shop/primary.json", ...remainsOf("primary")];
    put(...kept);
    removeRemains(backend, "shop", ["primary"]);
    expect(files()).toEqual([...kept].sort());
  });
});
