import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { cloneRoot } from "../../../automation/engine/cache.ts";
import { chooseGo, isNewEnough, noGoError, parseGoVersion } from "../../../automation/engine/go.ts";
import { languageHostSdkVersion, oldestGo, pulumiVersion } from "../../../automation/engine/versions.ts";

const old = { path: "/usr/bin/go", major: 1, minor: 19, version: "1.19.8" };
const fit = { path: "/usr/local/go/bin/go", major: 1, minor: 25, version: "1.25.0" };
const newest = { path: "/opt/go/bin/go", major: 1, minor: 26, version: "1.26.8" };

describe("Go", () => {
  test.each([
    ["go version go1.26.8 linux/amd64\n", { major: 1, minor: 26, version: "1.26.8" }],
    ["go version go1.25 linux/arm64", { major: 1, minor: 25, version: "1.25" }],
    ["go version go1.25rc1 linux/amd64", { major: 1, minor: 25, version: "1.25rc1" }],
    ["go version devel go1.27-1a2b3c Tue linux/amd64", { major: 1, minor: 27, version: "1.27-1a2b3c" }],
  ])("reads %j", (output, version) => {
    expect(parseGoVersion(output)).toEqual(version);
  });

  test.each(["", "bash: go: command not found", "gccgo (Debian 12.2.0) 12.2.0"])(
    "reads no version from %j",
    (output) => {
      expect(parseGoVersion(output)).toBeNull();
    },
  );

  test("1.24 is too old, 1.25 is not, and the newest usable one is taken", () => {
    expect(isNewEnough({ major: 1, minor: 24 })).toBe(false);
    expect(isNewEnough({ major: 1, minor: 25 })).toBe(true);
    expect(isNewEnough({ major: 2, minor: 0 })).toBe(true);
    expect(chooseGo([old, fit, newest])).toBe(newest);
    expect(chooseGo([old])).toBeNull();
    expect(chooseGo([])).toBeNull();
  });

  test("without a usable Go the sentence says whether none or which too old one was found, and what to do", () => {
    const none = noGoError({ needed: "the Pulumi CLI", officialFailure: "no network", found: [] });
    expect(none.what).toContain("no Go was found");
    expect(none.why).toBe("no network");
    expect(none.next).toContain("Go 1.25 or newer");
    const tooOld = noGoError({ needed: "the Pulumi CLI", officialFailure: "no network", found: [old] });
    expect(tooOld.what).toContain("Go 1.19.8 at /usr/bin/go is too old");
    expect(tooOld.what).not.toContain("no Go was found");
  });

  test("the pinned modules are those of the versions that set-up names, and ask for no newer Go", () => {
    const read = (name: string) =>
      readFileSync(join(cloneRoot, "automation/engine/go", name, "go.mod"), "utf8");
    expect(read("pulumi-cli")).toContain(`\tgithub.com/pulumi/pulumi/pkg/v3 v${pulumiVersion}`);
    expect(read("language-host")).toContain(`\tgithub.com/pulumi/pulumi/sdk/v3 v${languageHostSdkVersion}`);
    for (const name of ["pulumi-cli", "language-host"]) {
      const [, major, minor] = /^go (\d+)\.(\d+)/m.exec(read(name)) ?? [];
      expect([Number(major), Number(minor)]).toEqual([oldestGo.major, oldestGo.minor]);
    }
  });
});
