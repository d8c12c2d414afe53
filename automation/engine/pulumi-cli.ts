import { chmod, cp, realpath, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import {
  cachedFolder,
  cloneRoot,
  isExecutable,
  makeInCache,
  placeLink,
  programsOnPath,
  pulumiHomeFolder,
} from "./cache.ts";
import { buildWithGo, chooseGo, findGo, noGoError } from "./go.ts";
import { fetchIntoCache, tryOfficialWay } from "./official.ts";
import { failureOf, runProgram } from "./program.ts";
import type { StepContext, StepOutcome } from "./steps.ts";
import { pulumiVersion } from "./versions.ts";

/** Where the npm package `pulumi`, the Automation API and our PATH all look for the CLI. */
export function pulumiRoot(home: string): string {
  return join(pulumiHomeFolder(home), "versions", pulumiVersion);
}

const makeTimeoutMs = 40 * 60_000;
/** The installer's archive is about 100 MB; it only starts when the address answers. */
const installTimeoutMs = 5 * 60_000;
const officialName = `pulumi/${pulumiVersion}-official`;
const builtName = `pulumi/${pulumiVersion}-built`;
const officialAddresses = ["https://get.pulumi.com/"];

/** True for exactly the pinned version as `pulumi version` prints it: `v3.259.0`. */
export function isPinnedPulumi(output: string): boolean {
  return output.trim() === `v${pulumiVersion}`;
}

export interface EngineFolders {
  home: string;
  cache: string;
}

/** Finds the CLI, else installs it the official way, else builds it; then links it into this clone's PULUMI_HOME. */
export async function providePulumiCli(folders: EngineFolders, context: StepContext): Promise<StepOutcome> {
  const { path, outcome } = await obtain(folders, context);
  await placeLink(join(pulumiRoot(folders.home), "bin", "pulumi"), path);
  return outcome;
}

async function obtain(
  folders: EngineFolders,
  context: StepContext,
): Promise<{ path: string; outcome: StepOutcome }> {
  const installed = await findInstalled(folders, context.signal);
  if (installed !== null) {
    return { path: installed, outcome: { state: "found", detail: `${pulumiVersion} at ${installed}` } };
  }
  for (const [name, kind] of [
    [officialName, "official"],
    [builtName, "built from Go modules"],
  ] as const) {
    const folder = await cachedFolder(folders.cache, name);
    if (folder === null) continue;
    return {
      path: cliIn(folder, name),
      outcome: { state: "found", detail: `${pulumiVersion}, ${kind}, in ${folder}` },
    };
  }
  const officialFailure = await installOfficially(folders, context);
  if (officialFailure === null) {
    const path = cliIn(join(folders.cache, officialName), officialName);
    return {
      path,
      outcome: { state: "done", detail: `${pulumiVersion} installed by the official installer` },
    };
  }
  return await build(folders, officialFailure, context);
}

function cliIn(folder: string, name: string): string {
  return name === officialName ? join(folder, "bin", "pulumi") : join(folder, "pulumi");
}

/** A CLI of the right version that the user has: on PATH or below a PULUMI_HOME, never this clone's own link. */
async function findInstalled(folders: EngineFolders, signal: AbortSignal): Promise<string | null> {
  const candidates = await programsOnPath("pulumi");
  for (const base of userPulumiHomes(folders.home)) {
    for (const place of [
      join(base, "versions", pulumiVersion, "bin", "pulumi"),
      join(base, "bin", "pulumi"),
    ]) {
      if (await isExecutable(place)) candidates.push(await realpath(place));
    }
  }
  for (const path of new Set(candidates)) {
    // What set-up itself made is found through the cache, whichever link led here.
    if (path.startsWith(`${folders.cache}/`)) continue;
    if (isPinnedPulumi((await askVersion(path, folders.home, signal)).stdout)) return path;
  }
  return null;
}

/** With this clone's PULUMI_HOME: its log would go to the user's own folder otherwise. */
function askVersion(path: string, home: string, signal: AbortSignal) {
  const env = { ...process.env, PULUMI_HOME: pulumiHomeFolder(home), PULUMI_SKIP_UPDATE_CHECK: "true" };
  return runProgram({ file: path, args: ["version"], env, timeoutMs: 30_000, signal });
}

/** PULUMI_HOME as the user set it, and the default one; this clone's own is left out. */
export function userPulumiHomes(home: string, env: NodeJS.ProcessEnv = process.env): string[] {
  const homes = [env.PULUMI_HOME, join(homedir(), ".pulumi")];
  return homes.filter((each): each is string => each !== undefined && each !== pulumiHomeFolder(home));
}

/** Null when the official installer put the CLI into the cache, else why not (remembered for a day). */
function installOfficially(folders: EngineFolders, context: StepContext): Promise<string | null> {
  return tryOfficialWay(
    {
      cache: folders.cache,
      name: `pulumi-${pulumiVersion}`,
      what: "the official installer",
      addresses: officialAddresses,
      fetch: () => runInstaller(folders, context),
    },
    context,
  );
}

/** The npm package `pulumi` is the official wrapper: with no CLI in its PULUMI_HOME it runs the official installer. */
function runInstaller(folders: EngineFolders, context: StepContext): Promise<string | null> {
  context.say(`downloading ${pulumiVersion} with the official installer`);
  const place = {
    cache: folders.cache,
    name: officialName,
    lockTimeoutMs: makeTimeoutMs,
    signal: context.signal,
  };
  return fetchIntoCache(place, async (folder) => {
    const pulumiHome = join(folder, "home");
    const result = await runProgram({
      file: process.execPath,
      args: [join(cloneRoot, "node_modules", "pulumi", "run.js"), "version"],
      env: {
        ...process.env,
        PULUMI_HOME: pulumiHome,
        PULUMI_VERSION: pulumiVersion,
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
      timeoutMs: installTimeoutMs,
      signal: context.signal,
    });
    // The installer talks on standard output too; the CLI's own answer comes last.
    if (!isPinnedPulumi(result.stdout.trim().split("\n").at(-1) ?? "")) return failureOf(result);
    await cp(join(pulumiHome, "versions", pulumiVersion, "bin"), join(folder, "bin"), { recursive: true });
    await rm(pulumiHome, { recursive: true, force: true });
    return null;
  });
}

async function build(folders: EngineFolders, officialFailure: string, context: StepContext) {
  const found = await findGo(context.signal);
  const go = chooseGo(found);
  if (go === null) throw noGoError({ needed: `the Pulumi CLI ${pulumiVersion}`, officialFailure, found });
  const detail = `with Go ${go.version} (${go.path}), because the official installer can't be used: ${officialFailure}`;
  context.say(`building ${pulumiVersion} from Go modules, some minutes, ${detail}`);
  const { folder, made } = await makeInCache({
    cache: folders.cache,
    name: builtName,
    lockTimeoutMs: makeTimeoutMs,
    signal: context.signal,
    onWait: () => context.say("another set-up is building it; waiting"),
    make: async (scratch) => {
      const output = join(scratch, "pulumi");
      await buildWithGo({
        go,
        modules: join(cloneRoot, "automation", "engine", "go", "pulumi-cli"),
        program: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        ldflags: `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pulumiVersion}`,
        output,
        cache: folders.cache,
        signal: context.signal,
        say: context.say,
      });
      await chmod(output, 0o755);
      const answer = await askVersion(output, folders.home, context.signal);
      if (!isPinnedPulumi(answer.stdout)) {
        throw new UserError({
          what: "the built Pulumi CLI doesn't answer with its version",
          why: failureOf(answer),
          next: "go version must work on this machine; then run the command again: the CLI is built anew",
        });
      }
    },
  });
  const outcome: StepOutcome = made
    ? { state: "done", detail: `${pulumiVersion} built from Go modules ${detail}` }
    : { state: "found", detail: `${pulumiVersion}, built by another set-up meanwhile` };
  return { path: join(folder, "pulumi"), outcome };
}
