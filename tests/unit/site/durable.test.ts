import { spawnSync } from "node:child_process";
import {
  chmodSync,
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
import { UserError } from "../../../automation/errors.ts";
import {
  createFile,
  inFolder,
  isThere,
  namesIn,
  readIfThere,
  replaceFile,
} from "../../../automation/site/durable.ts";

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

describe("what can't be read is not absent", () => {
  const looks = [
    ["a file's text", readIfThere],
    ["a folder's names", namesIn],
    ["whether it is there", isThere],
  ] as const;

  test("while what is absent is, and what is there is had", () => {
    expect([readIfThere(join(directory, "f")), namesIn(join(directory, "f"))]).toEqual([null, []]);
    expect(isThere(join(directory, "f", "g"))).toBe(false);
    createFile(join(directory, "f"), "text");
    expect([readIfThere(join(directory, "f")), namesIn(directory)]).toEqual(["text", ["f"]]);
    expect(isThere(join(directory, "f"))).toBe(true);
  });

  test.each(looks)("%s, with a file in the place of a folder: names both, and what to move", (_, look) => {
    writeFileSync(join(directory, "site"), "");
    const wanted = join(directory, "site", "deep", "secrets.json");
    const error = thrown(() => look(wanted)) as UserError;
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ what: `${wanted} can't be read`, code: "not-readable" });
    expect(error.next).toContain(`move the file ${join(directory, "site")} away`);
  });

  test("a folder in the place of a file: names it", () => {
    mkdirSync(join(directory, "lock.json"));
    const error = thrown(() => readIfThere(join(directory, "lock.json"))) as UserError;
    expect(error.next).toContain(`move the folder ${join(directory, "lock.json")} away`);
    expect(thrown(() => replaceFile(join(directory, "lock.json"), "text"))).toMatchObject({
      code: "not-writable",
      next: expect.stringContaining(`move the folder ${join(directory, "lock.json")} away`),
    });
    expect(readdirSync(directory)).toEqual(["lock.json"]);
  });

  // Root may read everything, so it acts as another user for a moment; anybody else shuts the own folder.
  const isRoot = process.geteuid?.() === 0;
  test.each(looks)(
    "%s, in a folder that is not for this user: names the outermost folder to give",
    (_, look) => {
      chmodSync(directory, 0o755);
      const own = join(directory, ".evenkeel");
      mkdirSync(join(own, "shop"), { recursive: true });
      writeFileSync(join(own, "shop", "secrets.json"), "{}");
      chmodSync(own, isRoot ? 0o700 : 0);
      if (isRoot) process.seteuid?.(65534);
      let errors: UserError[];
      try {
        const file = join(own, "shop", "secrets.json");
        errors = [() => look(file), () => createFile(join(own, "shop", "x"), "")].map(
          (work) => thrown(work) as UserError,
        );
      } finally {
        if (isRoot) process.seteuid?.(0);
        chmodSync(own, 0o700);
      }
      expect(errors.map(({ code }) => code)).toEqual(["not-readable", "not-writable"]);
      for (const { next } of errors) expect(next).toContain(`sudo chown -R "$(id -un)" ${own};`);
    },
  );
});

test.each(["EROFS", "EACCES", "EDQUOT", "EIO", "ENOENT", "EBUSY", "ENOTEMPTY", "ELOOP"])(
  "%s becomes a sentence, any other error stays a bug",
  (code) => {
    const fail = (error: Error) => () => {
      throw error;
    };
    expect(thrown(() => inFolder("/x", fail(Object.assign(new Error(code), { code }))))).toMatchObject({
      what: "nothing can be written in /x",
    });
    const bug = new TypeError("bug");
    expect(thrown(() => inFolder("/x", fail(bug)))).toBe(bug);
  },
);
