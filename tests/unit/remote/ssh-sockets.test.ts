import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { privateDirectory, writePrivate } from "../../../automation/remote/ssh-sockets.ts";

let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(path.join(os.tmpdir(), "sockets-"));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

describe("the folders of sessions", () => {
  test("of dead processes are swept, those of living ones and of other containers' processes stay", () => {
    const own = privateDirectory(temporary);
    const root = path.dirname(own);
    const [place] = path.basename(own).split("-");
    const dead = spawnSync("true").pid;
    const stays = [path.basename(own), `${place}-1-abcdef`, `00000000-${dead}-abcdef`];
    for (const name of [...stays, `${place}-${dead}-abcdef`]) {
      mkdirSync(path.join(root, name), { recursive: true });
    }
    const next = privateDirectory(temporary);
    expect(readdirSync(root).sort()).toEqual([...stays, path.basename(next)].sort());
  });

  test("lie in /tmp where a socket's path below TMPDIR would be too long, counted in bytes", () => {
    const long = path.join(temporary, "é".repeat(30));
    const directory = privateDirectory(long);
    try {
      expect(path.dirname(path.dirname(directory))).toBe("/tmp");
      expect(readdirSync(temporary)).toEqual([]);
      // The socket as ssh binds it: with 17 bytes of its own behind the name.
      expect(path.join(directory, `01234567.${"x".repeat(16)}`).length).toBeLessThan(104);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("a session's own file", () => {
  test("that can't be written is a sentence with its folder's name, and leaves no draft with a key in it", () => {
    const file = path.join(temporary, "key");
    mkdirSync(file);
    expect(() => writePrivate(file, "KEY")).toThrow(
      expect.objectContaining({
        name: "UserError",
        what: `nothing can be written in ${temporary}`,
        code: "not-writable",
      }),
    );
    expect(readdirSync(temporary)).toEqual(["key"]);
    rmSync(file, { recursive: true });
    writePrivate(file, "KEY");
    expect(readFileSync(file, "utf8")).toBe("KEY");
  });

  test("where even its folder can't be made, neither is a bug", () => {
    writeFileSync(path.join(temporary, "file"), "");
    expect(() => privateDirectory(path.join(temporary, "file"))).toThrow(
      expect.objectContaining({ name: "UserError", code: "not-writable" }),
    );
  });
});
