import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { otherClones } from "../../../automation/lab/ownership.ts";
import { thisClone } from "../../../automation/site/clone.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-clone-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a clone's id is made once, for this user alone, and differs between clones", () => {
  const clone = thisClone(folder);
  const file = join(folder, ".evenkeel/clone-id");
  expect(clone).toEqual({ id: readFileSync(file, "utf8").trim(), folder });
  chmodSync(file, 0o644);
  expect(thisClone(folder)).toEqual(clone);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const other = mkdtempSync(join(tmpdir(), "evenkeel-clone-"));
  expect(thisClone(other).id).not.toBe(clone.id);
  rmSync(other, { recursive: true });
});

test("a damaged id is refused and not replaced", () => {
  thisClone(folder);
  const file = join(folder, ".evenkeel/clone-id");
  writeFileSync(file, "");
  expect(() => thisClone(folder)).toThrow("damaged");
  expect(readFileSync(file, "utf8")).toBe("");
});

test("things of another clone are a refusal (exit 12) that names its folder; one's own are none", () => {
  const clone = { id: "a".repeat(32), folder: "/one" };
  const own = {
    kind: "container" as const,
    name: "evenkeel-shop-x",
    site: "shop",
    clone: clone.id,
    folder: "/one",
  };
  expect(otherClones("shop", [own], clone)).toBeNull();
  expect(otherClones("shop", [], clone)).toBeNull();
  const foreign = { ...own, name: "evenkeel-shop-y", clone: "b".repeat(32), folder: "/two" };
  const error = otherClones("shop", [own, foreign], clone);
  expect(error).toMatchObject({ exitCode: 12, code: "other-clone" });
  expect(error?.what).toContain("/two");
  // There is no /two: its things can be taken over, knowingly.
  expect(error?.next).toContain(`echo ${foreign.clone} > /one/.evenkeel/clone-id`);
  expect(error?.why).toContain("evenkeel-shop-y");
  expect(error?.why).not.toContain("evenkeel-shop-x");
});

test("the way to another clone that is still there is its folder, never its id", () => {
  const other = thisClone(folder);
  const foreign = {
    kind: "network" as const,
    name: "evenkeel-shop-x",
    site: "shop",
    clone: other.id,
    folder,
  };
  const next = otherClones("shop", [foreign], { id: "a".repeat(32), folder: "/one" })?.next;
  expect(next).toContain(`cd ${folder}`);
  expect(next).not.toContain(other.id);
});

test("a clone that lost its id is told how to get it back", () => {
  const clone = thisClone(folder);
  const lost = {
    kind: "network" as const,
    name: "evenkeel-shop-x",
    site: "shop",
    clone: "b".repeat(32),
    folder,
  };
  expect(otherClones("shop", [lost], clone)?.next).toContain(lost.clone);
});
