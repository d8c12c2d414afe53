import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { cloneRoot } from "../../automation/engine/cache.ts";
import { scratchFolder } from "../unit/engine/scratch.ts";

const scratch = scratchFolder();
const lock = { packages: { "": {}, "node_modules/a": { version: "1.0.0", integrity: "x" } } };
const other = { "node_modules/for-darwin": { version: "2.0.0", optional: true } };
let clone: string;

function put(path: string, content: string | object, mode = 0o644): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), typeof content === "string" ? content : JSON.stringify(content), { mode });
}

/** What npm would make: a Node that says it is 24 and otherwise runs the machine's. */
const fakeNode = (version: string) =>
  `#!/bin/sh\n[ "$1" = -v ] && echo ${version} && exit\nexec "${process.execPath}" "$@"\n`;

function putNpm(body: string): void {
  put("fake/npm", `#!/bin/sh\necho "$@" >>"${clone}/npm.log"\n${body}\n`, 0o755);
}

/** A clone with a program of its own in place of the command line. */
beforeEach(() => {
  clone = mkdtempSync(join(scratch, "a clone "));
  mkdirSync(join(clone, "bin"));
  copyFileSync(join(cloneRoot, "bin/evenkeel.mjs"), join(clone, "bin/evenkeel.mjs"));
  put("package-lock.json", lock);
  put(
    "automation/cli.ts",
    "const args: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify(args));\n",
  );
  put("template/node", fakeNode("v24.1.0"), 0o755);
  putNpm(`mkdir -p node_modules/.bin && cp template/node node_modules/.bin/node`);
});

function launch(...args: string[]) {
  const env = { ...process.env, PATH: `${join(clone, "fake")}:${process.env.PATH}`, NODE_OPTIONS: "" };
  return spawnSync(process.execPath, [join(clone, "bin/evenkeel.mjs"), ...args], { env, encoding: "utf8" });
}
const npmRuns = () =>
  existsSync(join(clone, "npm.log"))
    ? readFileSync(join(clone, "npm.log"), "utf8").split("\n").length - 1
    : 0;

describe("the launcher", () => {
  test("installs once, says so with its time on standard error, and hands all arguments over", () => {
    const first = launch("status", "--format", "json");
    expect(first.stdout).toBe('["status","--format","json"]\n');
    expect(first.stderr).toMatch(
      /^evenkeel: dependencies: npm ci …\nevenkeel: dependencies: installed \(\d+\.\d s\)\n$/,
    );
    const second = launch("status");
    expect(second.stdout).toBe('["status"]\n');
    expect(second.stderr).toBe("");
    expect(npmRuns()).toBe(1);
  });

  test("installs again when the lock file changed", () => {
    launch();
    put("package-lock.json", { packages: { ...lock.packages, "node_modules/b": { version: "1.0.0" } } });
    expect(launch().stderr).toContain("installed");
    expect(npmRuns()).toBe(2);
  });

  test("an install by hand counts when npm's record agrees with the lock file, and only then", () => {
    put("package-lock.json", { packages: { ...lock.packages, ...other } });
    put("node_modules/.bin/node", fakeNode("v24.1.0"), 0o755);
    put("node_modules/.package-lock.json", {
      packages: { "node_modules/a": lock.packages["node_modules/a"] },
    });
    expect(launch("x").stdout).toBe('["x"]\n');
    expect(npmRuns()).toBe(0);
    rmSync(join(clone, "node_modules/.evenkeel-lock"));
    put("node_modules/.package-lock.json", {
      packages: { "node_modules/a": { version: "0.9.0", integrity: "x" } },
    });
    launch();
    expect(npmRuns()).toBe(1);
  });

  test("shows npm's output when it fails, and starts nothing", () => {
    putNpm("echo npm says why; exit 7");
    const { status, stdout, stderr } = launch("status");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("npm says why\n");
    expect(stderr).toContain("could not install the dependencies");
  });

  test("says plainly when Node 24's own install script didn't run", () => {
    put("template/node", fakeNode("v22.0.0"), 0o755);
    const { status, stderr } = launch("status");
    expect(status).toBe(1);
    expect(stderr).toContain("npm rebuild node --ignore-scripts=false");
    expect(existsSync(join(clone, "node_modules/.evenkeel-lock"))).toBe(false);
  });

  test("--run runs another file of the clone with the rest of the arguments, and its exit code is ours", () => {
    put(
      "tests/run.ts",
      "console.log(process.argv.slice(2).join(), process.env.EVENKEEL_HOME);\nprocess.exit(9);\n",
    );
    const { status, stdout } = launch("--run", "tests/run.ts", "unit", "--bail");
    expect(stdout).toBe(`unit,--bail ${clone}\n`);
    expect(status).toBe(9);
  });

  test("--run without a file or with one that isn't there is exit code 2 before anything is installed", () => {
    expect(launch("--run").status).toBe(2);
    expect(launch("--run", "tests/absent.ts").status).toBe(2);
    expect(npmRuns()).toBe(0);
  });

  test("a lock left by a process that has ended is taken over", () => {
    put(".evenkeel/dependencies.lock", String(spawnSync("true").pid));
    expect(launch("x").stdout).toBe('["x"]\n');
    expect(existsSync(join(clone, ".evenkeel/dependencies.lock"))).toBe(false);
  });

  test("works through a symlink, as npx makes one", () => {
    symlinkSync(join(clone, "bin/evenkeel.mjs"), join(clone, "linked.mjs"));
    const env = { ...process.env, PATH: `${join(clone, "fake")}:${process.env.PATH}`, NODE_OPTIONS: "" };
    const { stdout } = spawnSync(process.execPath, [join(clone, "linked.mjs"), "x"], {
      env,
      encoding: "utf8",
    });
    expect(stdout).toBe('["x"]\n');
  });

  test("passes a signal on once and ends as the program did", async () => {
    launch();
    put(
      "automation/cli.ts",
      "let n = 0;\nprocess.on('SIGINT', () => { n += 1; setTimeout(() => process.exit(n === 1 ? 130 : 99), 100); });\nsetInterval(() => {}, 1000);\nconsole.log('ready');\n",
    );
    const child = spawn(process.execPath, [join(clone, "bin/evenkeel.mjs")], {
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGINT");
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(130);
  });

  test("a program that a signal ended is passed on as that signal", () => {
    put("automation/cli.ts", "process.kill(process.pid, 'SIGKILL');\n");
    expect(launch().signal).toBe("SIGKILL");
  });
});
