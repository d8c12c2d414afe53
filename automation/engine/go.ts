import { copyFile, mkdir, mkdtemp, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { isExecutable, isThere, programsOnPath, removeTree } from "./cache.ts";
import { withCacheLock } from "./cache-lock.ts";
import { failureOf, lastLines, runProgram } from "./program.ts";
import { oldestGo } from "./versions.ts";

export interface GoToolchain {
  path: string;
  major: number;
  minor: number;
  /** As Go prints it, e.g. "1.26.8". */
  version: string;
}

const buildTimeoutMs = 30 * 60_000;

/** Reads `go version go1.26.8 linux/amd64`; null when it says anything else. */
export function parseGoVersion(output: string): Omit<GoToolchain, "path"> | null {
  const match = /\bgo(\d+)\.(\d+)((?:\.\d+|rc\d+|beta\d+|-\w+)*)/.exec(output.replace(/^go version /, ""));
  if (match === null) return null;
  return { major: Number(match[1]), minor: Number(match[2]), version: `${match[1]}.${match[2]}${match[3]}` };
}

export function isNewEnough(go: Pick<GoToolchain, "major" | "minor">): boolean {
  return go.major > oldestGo.major || (go.major === oldestGo.major && go.minor >= oldestGo.minor);
}

/** The newest of those that are new enough, else null. */
export function chooseGo(found: readonly GoToolchain[]): GoToolchain | null {
  const usable = found.filter(isNewEnough);
  usable.sort((a, b) => b.major - a.major || b.minor - a.minor);
  return usable[0] ?? null;
}

/** What to tell when no Go can be used: names what was found and what to do. */
export function noGoError(options: {
  needed: string;
  officialFailure: string;
  found: readonly GoToolchain[];
}): UserError {
  const oldest = `${oldestGo.major}.${oldestGo.minor}`;
  const seen = options.found.map((go) => `Go ${go.version} at ${go.path}`).join(", ");
  return new UserError({
    what: `${options.needed} can't be had: its official source can't be used, and ${
      seen === ""
        ? "no Go was found to build it"
        : `${seen} is too old to build it (${oldest} or newer is needed)`
    }`,
    why: options.officialFailure,
    next: `install Go ${oldest} or newer (found on PATH or in /usr/local/go), or put ${options.needed} on PATH; then run the command again`,
    code: "no-go",
  });
}

/** Every Go on PATH and in the usual places. */
export async function findGo(signal?: AbortSignal): Promise<GoToolchain[]> {
  const places = await programsOnPath("go");
  const debian = (await readdir("/usr/lib").catch(() => [])).filter((name) => /^go-1\.\d+$/.test(name));
  for (const folder of ["/usr/local/go", "/usr/lib/go", ...debian.map((name) => `/usr/lib/${name}`)]) {
    const path = join(folder, "bin", "go");
    if (!places.includes(path) && (await isExecutable(path))) places.push(path);
  }
  const found = places.map(async (path) => {
    // GOTOOLCHAIN=local: ask this Go itself, not one that a go.mod around here would select.
    const result = await runProgram({
      file: path,
      args: ["version"],
      env: { ...quietGoEnvironment(), GOTOOLCHAIN: "local" },
      timeoutMs: 10_000,
      signal,
    });
    const version = parseGoVersion(result.stdout);
    return version === null ? [] : [{ path, ...version }];
  });
  return (await Promise.all(found)).flat();
}

export interface GoBuild {
  go: GoToolchain;
  /** Folder with the go.mod and go.sum that pin every module. */
  modules: string;
  /** Import path of the program. */
  program: string;
  ldflags: string;
  /** The executable to write. */
  output: string;
  /** Evenkeel's cache folder; what Go needs meanwhile lies below it, shared by the builds of one set-up. */
  cache: string;
  signal: AbortSignal;
  say: (detail: string) => void;
}

/** Builds one program from pinned modules. Throws UserError with Go's last lines when it fails. */
export async function buildWithGo(build: GoBuild): Promise<void> {
  await withScratch(build.cache, build.signal, (scratch) => runBuild(build, scratch));
}

/** Removes Go's caches: they are large and only serve the builds. */
export async function removeGoScratch(cache: string, signal: AbortSignal): Promise<void> {
  if (await isThere(join(cache, "go"))) await withScratch(cache, signal, removeTree);
}

/** One build at a time: two would only share the processor, and nobody removes the caches of a running one. */
async function withScratch(cache: string, signal: AbortSignal, work: (scratch: string) => Promise<void>) {
  const lock = {
    file: join(cache, "locks", "go"),
    purpose: "Go's scratch folder",
    timeoutMs: buildTimeoutMs,
    signal,
  };
  await withCacheLock(lock, () => work(join(cache, "go")));
}

async function runBuild(build: GoBuild, scratch: string): Promise<void> {
  await mkdir(scratch, { recursive: true });
  const work = await mkdtemp(join(scratch, "work-"));
  for (const name of ["go.mod", "go.sum"]) await copyFile(join(build.modules, name), join(work, name));
  const env = await goEnvironment(build.go, scratch);
  let downloads = 0;
  const begun = Date.now();
  // Go says nothing while it compiles, which takes minutes.
  const alive = setInterval(
    () => build.say(`at work for ${Math.round((Date.now() - begun) / 60_000)} min`),
    60_000,
  );
  const result = await runProgram({
    file: build.go.path,
    args: [
      "build",
      "-mod=readonly",
      "-modcacherw",
      "-buildvcs=false",
      "-ldflags",
      build.ldflags,
      "-o",
      build.output,
      build.program,
    ],
    cwd: work,
    env,
    timeoutMs: buildTimeoutMs,
    signal: build.signal,
    onStderr: (line) => {
      if (line.startsWith("go: downloading") && ++downloads % 50 === 0)
        build.say(`${downloads} modules downloaded`);
    },
  }).finally(() => clearInterval(alive));
  if (result.outcome === "exited" && result.exitCode === 0) return;
  throw new UserError({
    what: `Go ${build.go.version} (${build.go.path}) could not build ${build.program}`,
    why: result.outcome === "exited" ? lastLines(result.stderr, 6).join("\n") : failureOf(result),
    next: "see that the Go module proxy answers (go env GOPROXY), then run the command again",
    code: "go-build",
  });
}

/**
 * Go counts its own use in files below the home folder's .config. Pointed at a place where no folder can be made it
 * doesn't; settings made by `go env -w` (a company's module proxy) still hold.
 */
function quietGoEnvironment(): NodeJS.ProcessEnv {
  const config = process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config");
  return {
    ...process.env,
    GOENV: process.env.GOENV ?? join(config, "go", "env"),
    XDG_CONFIG_HOME: "/dev/null",
  };
}

/**
 * The module and build caches that the user already has are used; where there are none, they go to the scratch
 * folder, which is removed afterwards, and not to the home folder.
 */
async function goEnvironment(go: GoToolchain, scratch: string): Promise<NodeJS.ProcessEnv> {
  const env = { ...quietGoEnvironment(), CGO_ENABLED: "0", GOWORK: "off", GO111MODULE: "on" };
  const caches: Record<string, string> = {};
  for (const name of ["GOMODCACHE", "GOCACHE"]) {
    if (process.env[name] !== undefined) continue;
    const { stdout } = await runProgram({ file: go.path, args: ["env", name], env, timeoutMs: 10_000 });
    if (!(await isThere(stdout.trim()))) caches[name] = join(scratch, name.toLowerCase());
  }
  return { ...env, ...caches };
}
