import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { privateDirectory } from "../../../automation/remote/ssh-sockets.ts";

let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(path.join(os.tmpdir(), "sockets-"));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

describe("the folders of sessions", () => {
  test("of dead processes are swept, those of living ones and of other containers' processes stay", async () => {
    const own = await privateDirectory(temporary);
    const root = path.dirname(own);
    const [place] = path.basename(own).split("-");
    const dead = spawnSync("true").pid;
    const stays = [path.basename(own), `${place}-1-abcdef`, `00000000-${dead}-abcdef`];
    for (const name of [...stays, `${place}-${dead}-abcdef`]) {
      mkdirSync(path.join(root, name), { recursive: true });
    }
    const next = await privateDirectory(temporary);
    expect(readdirSync(root).sort()).toEqual([...stays, path.basename(next)].sort());
  });

  test("lie in /tmp where a socket's path below TMPDIR would be too long, counted in bytes", async () => {
    const long = path.join(temporary, "é".repeat(30));
    const directory = await privateDirectory(long);
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
