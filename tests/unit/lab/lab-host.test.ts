import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { execa } from "execa";

const clone = "a".repeat(32);
let home: string;

/** A clone with lab-host.sh alone, and a Docker that has everything that it is asked for, made by this clone's `blog`. */
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "evenkeel-lab-host-"));
  const lab = join(import.meta.dirname, "../../../components/lab");
  for (const part of ["lab-host.sh", "lab-host", "spec.mjs"])
    cpSync(join(lab, part), join(home, "components/lab", part), { recursive: true });
  mkdirSync(join(home, ".evenkeel"));
  writeFileSync(join(home, ".evenkeel/clone-id"), `${clone}\n`);
  mkdirSync(join(home, "bin"));
  const docker = [
    "#!/bin/bash",
    `if [[ "$*" == *rm* ]]; then echo "$*" >>"${home}/removed"; touch "${home}/gone"; exit; fi`,
    `[ ! -e "${home}/gone" ] || exit 1`,
    `case "$*" in *evenkeel.clone*) echo "${clone}|blog|${home}" ;; *.Id*) echo 1234 ;; esac`,
  ];
  writeFileSync(join(home, "bin/docker"), `${docker.join("\n")}\n`, { mode: 0o755 });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function remove(kind: string, input: string) {
  return execa("bash", [join(home, "components/lab/lab-host.sh"), kind, "delete", "thing"], {
    env: { PATH: `${join(home, "bin")}:${process.env.PATH}` },
    input,
    reject: false,
    timeout: 20_000,
  });
}

test.each(["network", "link", "volume", "host"])(
  "a %s of another site is not deleted (exit 12)",
  async (kind) => {
    const { exitCode, stderr } = await remove(kind, '{"site": "shop"}');
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 12,
      stderr: expect.stringContaining("of the site blog"),
    });
    expect(existsSync(join(home, "removed"))).toBe(false);
  },
);

test.each([
  ["network", '{"site": "blog", "place": "primary"}'],
  ["volume", '{"site": "blog"}'],
  ["host", "{}"],
  ["host", ""],
])("a %s of the site that is named is deleted, and one where none is: %s", async (kind, input) => {
  expect(await remove(kind, input)).toMatchObject({ exitCode: 0, stdout: '{"name":"thing","deleted":true}' });
  expect(readFileSync(join(home, "removed"), "utf8")).toContain("thing");
});
