import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import { createFile, inFolder, replaceFile } from "../../../automation/site/durable.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "evenkeel-durable-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const thrown = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

describe("a file is written whole or not at all", () => {
  test("and a second creation leaves the first one alone", () => {
    const file = join(directory, "f");
    expect(createFile(file, "one")).toBe(true);
    expect(createFile(file, "two")).toBe(false);
    replaceFile(file, "three");
    expect(readFileSync(file, "utf8")).toBe("three");
    expect(readdirSync(directory)).toEqual(["f"]);
  });

  test("on a disk that takes only a part: the old text stays, the folder is named, no fragment is left", () => {
    const file = join(directory, "secrets.json");
    createFile(file, "old");
    const module = join(import.meta.dirname, "../../../automation/site/durable.ts");
    // The largest file is limited to 1 KiB, so the first write is cut short as on a disk that fills up.
    const code = `import(${JSON.stringify(module)}).then(({ replaceFile }) => replaceFile(${JSON.stringify(file)}, "n".repeat(4000)))
      .then(() => console.log("written"), (error) => console.log(error.name + ": " + error.what));`;
    const child = spawnSync("bash", ["-c", 'ulimit -f 1; exec "$0" -e "$1"', process.execPath, code], {
      encoding: "utf8",
      timeout: 20_000,
      env: { PATH: process.env.PATH },
    });
    expect(child.stdout).toContain(`UserError: nothing can be written in ${directory}`);
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(readdirSync(directory)).toEqual(["secrets.json"]);
  });

  test.each([replaceFile, createFile])("on a full disk (%p): a sentence, and nothing is left", (write) => {
    const file = join(directory, "f");
    symlinkSync("/dev/full", `${file}.${process.pid}.new`);
    const error = thrown(() => write(file, "text")) as UserError;
    expect(error).toBeInstanceOf(UserError);
    expect(error.what).toContain(directory);
    expect(error.why).toContain("the disk is full");
    expect(readdirSync(directory)).toEqual([]);
  });
});

test.each(["EROFS", "EACCES", "EDQUOT"])("%s becomes a sentence, any other error stays a bug", (code) => {
  const fail = (error: Error) => () => {
    throw error;
  };
  expect(thrown(() => inFolder("/x", fail(Object.assign(new Error(code), { code }))))).toMatchObject({
    what: "nothing can be written in /x",
  });
  const bug = new TypeError("bug");
  expect(thrown(() => inFolder("/x", fail(bug)))).toBe(bug);
});
