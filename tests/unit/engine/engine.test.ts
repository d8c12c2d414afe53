import { describe, expect, test } from "@jest/globals";
import { judgeDocker } from "../../../automation/engine/docker-engine.ts";
import { engineEnvironment, labPassphrase } from "../../../automation/engine/environment.ts";
import { isDebianRelease } from "../../../automation/engine/machine.ts";
import { isPinnedPulumi, userPulumiHomes } from "../../../automation/engine/pulumi-cli.ts";

describe("what the machine says", () => {
  test("only the pinned Pulumi CLI counts", () => {
    expect(isPinnedPulumi("v3.259.0\n")).toBe(true);
    for (const other of ["v3.259.1", "v3.259.0-dev.1", "3.259.0", "v3.25", "warning\nv3.259.0", ""]) {
      expect(isPinnedPulumi(other)).toBe(false);
    }
  });

  test("this clone's own PULUMI_HOME is never taken for the user's", () => {
    const own = "/clone/.evenkeel/pulumi";
    expect(userPulumiHomes("/clone", { PULUMI_HOME: own })).not.toContain(own);
    expect(userPulumiHomes("/clone", { PULUMI_HOME: "/mine" })[0]).toBe("/mine");
  });

  test("Docker's answers are told apart", () => {
    const answer = { outcome: "exited" as const, exitCode: 1, stdout: "", stderr: "" };
    expect(judgeDocker({ ...answer, exitCode: 0 }, false)).toBe("running");
    expect(judgeDocker({ ...answer, outcome: "missing", exitCode: null }, true)).toBe("absent");
    expect(judgeDocker({ ...answer, stderr: "permission denied while trying to connect" }, true)).toBe(
      "denied",
    );
    const down = { ...answer, stderr: "Cannot connect to the Docker daemon. Is the docker daemon running?" };
    expect(judgeDocker(down, true)).toBe("stopped");
    expect(judgeDocker(down, false)).toBe("absent");
  });

  test("Debian and its children are known by their os-release, others are not", () => {
    expect(isDebianRelease('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n')).toBe(true);
    expect(isDebianRelease('ID=linuxmint\nID_LIKE="ubuntu debian"\n')).toBe(true);
    expect(isDebianRelease('ID=fedora\nPRETTY_NAME="not debian"\n')).toBe(false);
    expect(isDebianRelease("")).toBe(false);
  });
});

describe("the environment for Pulumi", () => {
  const bare = { PATH: "/usr/bin::/bin" };

  test("the clone's own programs come first, and nothing points outside the clone", () => {
    const env = engineEnvironment("/a clone", bare);
    expect(env).toEqual({
      PATH: "/a clone/node_modules/.bin:/a clone/.evenkeel/pulumi/versions/3.259.0/bin:/usr/bin:/bin",
      NODE_COMPILE_CACHE: expect.stringMatching(/\/evenkeel\/node-compile$/),
      EVENKEEL_HOME: "/a clone",
      PULUMI_HOME: "/a clone/.evenkeel/pulumi",
      PULUMI_BACKEND_URL: "file:///a%20clone/.evenkeel/state",
      PULUMI_CONFIG_PASSPHRASE: labPassphrase,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    });
  });

  test("used twice in a row it doesn't grow", () => {
    const once = engineEnvironment("/c", bare);
    expect(engineEnvironment("/c", { ...bare, ...once }).PATH).toBe(once.PATH);
  });

  test("what npx put on PATH for one command isn't handed on, the user's own folders are", () => {
    const own = ["/other/node_modules/.bin", "/usr/bin"];
    const ofNpx = [
      "/h/.npm/_npx/1a/node_modules/.bin",
      "/a/c/node_modules/.bin",
      "/a/node_modules/.bin",
      "/node_modules/.bin",
    ];
    const { PATH } = engineEnvironment("/a/c", { PATH: [...ofNpx, ...own].join(":") });
    expect(PATH?.split(":").slice(0, 1)).toEqual(["/a/c/node_modules/.bin"]);
    expect(PATH?.split(":").slice(2)).toEqual(own);
  });

  test("the user's backend and passphrase win and are not repeated", () => {
    expect(engineEnvironment("/c", { PULUMI_BACKEND_URL: "s3://bucket" })).not.toHaveProperty(
      "PULUMI_BACKEND_URL",
    );
    for (const own of [{ PULUMI_CONFIG_PASSPHRASE: "" }, { PULUMI_CONFIG_PASSPHRASE_FILE: "/secret" }]) {
      expect(engineEnvironment("/c", own)).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
    }
  });
});
