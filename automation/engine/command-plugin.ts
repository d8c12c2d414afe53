import { mkdir, open, readlink, realpath, rename, rm } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { exitCodes, UserError } from "../errors.ts";
import { cachedFolder, isExecutable, placeFile, placeLink, pulumiHomeFolder } from "./cache.ts";
import { fetchIntoCache, tryOfficialWay } from "./official.ts";
import { failureOf, runProgram } from "./program.ts";
import { type EngineFolders, pulumiRoot, userPulumiHomes } from "./pulumi-cli.ts";
import type { StepContext, StepOutcome } from "./steps.ts";
import { commandPluginVersion } from "./versions.ts";

const program = "pulumi-resource-command";
const folderName = `resource-command-v${commandPluginVersion}`;
const publishedName = `plugins/${folderName}`;
const officialAddresses = ["https://github.com/", "https://get.pulumi.com/"];
const installTimeoutMs = 120_000;

export type PluginChoice =
  | { kind: "given"; path: string }
  | { kind: "published"; path: string }
  | { kind: "stand-in"; why: string };

/** Which plugin executable the engine shall use. A given one wins; the stand-in is for where no other can be had. */
export function choosePlugin(facts: {
  given: string | null;
  published: string | null;
  officialFailure: string | null;
}): PluginChoice {
  if (facts.given !== null) return { kind: "given", path: facts.given };
  if (facts.published !== null) return { kind: "published", path: facts.published };
  return { kind: "stand-in", why: facts.officialFailure ?? "not installed" };
}

/**
 * The executable named by PULUMI_COMMAND_PLUGIN, null when that is unset or empty. Throws UserError (exit code 2) when
 * it can't be executed: falling back would test or run something else than was asked for.
 */
export async function givenPlugin(env: NodeJS.ProcessEnv = process.env): Promise<string | null> {
  const value = env.PULUMI_COMMAND_PLUGIN;
  if (value === undefined || value === "") return null;
  const path = isAbsolute(value) ? value : resolve(value);
  const isFile = await open(path)
    .then(async (file) => {
      const stat = await file.stat();
      await file.close();
      return stat.isFile();
    })
    .catch(() => false);
  if (isFile && (await isExecutable(path))) return await realpath(path);
  throw new UserError({
    what: `PULUMI_COMMAND_PLUGIN names ${path}, which is no executable file`,
    next: "give the path of a plugin executable, or unset PULUMI_COMMAND_PLUGIN",
    exitCode: exitCodes.usage,
    code: "command-plugin",
  });
}

/** The stand-in's executable: a launcher of this clone's file, run by this clone's Node. */
export function standInLauncher(home: string): string {
  const node = quoteForShell(join(home, "node_modules", ".bin", "node"));
  const main = quoteForShell(join(home, "automation", "engine", "plugin", "main.ts"));
  return `#!/bin/sh\n# Made by Evenkeel's set-up. It stands in for the published plugin, which could not be had here.\nexec ${node} ${main} "$@"\n`;
}

/** Puts the chosen plugin where the engine looks for it, in this clone's PULUMI_HOME. */
export async function provideCommandPlugin(
  folders: EngineFolders,
  context: StepContext,
): Promise<StepOutcome> {
  const given = await givenPlugin();
  const { published, officialFailure, installed } =
    given === null
      ? await findPublished(folders, context)
      : { published: null, officialFailure: null, installed: false };
  const choice = choosePlugin({ given, published, officialFailure });
  const place = join(pulumiHomeFolder(folders.home), "plugins", folderName);
  switch (choice.kind) {
    case "given":
      await placeExecutable(place, choice.path);
      return { state: "found", detail: `the one that PULUMI_COMMAND_PLUGIN names, ${choice.path}` };
    case "published":
      await placeExecutable(place, choice.path);
      return {
        state: installed ? "done" : "found",
        detail: `the published ${commandPluginVersion}, ${choice.path}`,
      };
    case "stand-in": {
      const changed = await placeStandIn(place, standInLauncher(folders.home));
      const detail = `the stand-in for ${commandPluginVersion}, because the published one can't be had: ${choice.why}`;
      return { state: changed ? "done" : "found", detail };
    }
  }
}

async function findPublished(folders: EngineFolders, context: StepContext) {
  for (const home of userPulumiHomes(folders.home)) {
    const path = join(home, "plugins", folderName, program);
    // A script there is another clone's stand-in, not the published program.
    if (await isBinary(path))
      return { published: await realpath(path), officialFailure: null, installed: false };
  }
  const cached = await cachedFolder(folders.cache, publishedName);
  if (cached !== null) return { published: join(cached, program), officialFailure: null, installed: false };
  const officialFailure = await installOfficially(folders, context);
  const published = officialFailure === null ? join(folders.cache, publishedName, program) : null;
  return { published, officialFailure, installed: published !== null };
}

/** Null when `pulumi plugin install` put the published plugin into the cache, else why not (remembered for a day). */
function installOfficially(folders: EngineFolders, context: StepContext): Promise<string | null> {
  return tryOfficialWay(
    {
      cache: folders.cache,
      name: `command-${commandPluginVersion}`,
      what: "the published plugin",
      addresses: officialAddresses,
      fetch: () => runInstaller(folders, context),
    },
    context,
  );
}

function runInstaller(folders: EngineFolders, context: StepContext): Promise<string | null> {
  context.say(`downloading ${commandPluginVersion}`);
  const place = {
    cache: folders.cache,
    name: publishedName,
    lockTimeoutMs: installTimeoutMs + 10_000,
    signal: context.signal,
  };
  return fetchIntoCache(place, async (folder) => {
    const pulumiHome = join(folder, "home");
    const result = await runProgram({
      file: join(pulumiRoot(folders.home), "bin", "pulumi"),
      args: ["plugin", "install", "resource", "command", commandPluginVersion, "--non-interactive"],
      env: { ...process.env, PULUMI_HOME: pulumiHome, PULUMI_SKIP_UPDATE_CHECK: "true" },
      timeoutMs: installTimeoutMs,
      signal: context.signal,
    });
    const made = join(pulumiHome, "plugins", folderName);
    if (!(await isBinary(join(made, program)))) return failureOf(result);
    await rename(join(made, program), join(folder, program));
    await rm(pulumiHome, { recursive: true, force: true });
    return null;
  });
}

/** Links the executable; a plugin's folder that was one link (or a file in the way) is replaced. */
async function placeExecutable(place: string, target: string): Promise<void> {
  await clearLink(place);
  await placeLink(join(place, program), target);
}

/** True when the launcher was not there or looked otherwise: the clone may have been moved. */
async function placeStandIn(place: string, content: string): Promise<boolean> {
  await clearLink(place);
  const file = join(place, program);
  if ((await readlink(file).catch(() => null)) === null && (await readText(file)) === content) {
    if (await isExecutable(file)) return false;
  }
  await placeFile(file, content, 0o755);
  return true;
}

async function clearLink(place: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true, mode: 0o700 });
  if ((await readlink(place).catch(() => null)) !== null) await rm(place);
}

async function readText(path: string): Promise<string | null> {
  const file = await open(path).catch(() => null);
  if (file === null) return null;
  const text = await file.readFile("utf8");
  await file.close();
  return text;
}

/** True for an executable that isn't a script. */
async function isBinary(path: string): Promise<boolean> {
  if (!(await isExecutable(path))) return false;
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  await file.close();
  return buffer.toString("latin1") !== "#!";
}

function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
