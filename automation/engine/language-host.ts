import { chmod, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cachedFolder, cloneRoot, isExecutable, makeInCache, placeLink } from "./cache.ts";
import { buildWithGo, chooseGo, findGo, noGoError, removeGoScratch } from "./go.ts";
import { type EngineFolders, pulumiRoot } from "./pulumi-cli.ts";
import type { StepContext, StepOutcome } from "./steps.ts";
import { languageHostSdkVersion } from "./versions.ts";

const program = "pulumi-language-nodejs";
const builtName = `pulumi-language-nodejs/${languageHostSdkVersion}-built`;
const makeTimeoutMs = 40 * 60_000;

/** Links the Node language host beside the CLI: the official one that lies there, else one built from the SDK. */
export async function provideLanguageHost(
  folders: EngineFolders,
  context: StepContext,
): Promise<StepOutcome> {
  const { path, outcome } = await obtain(folders, context);
  await placeLink(join(pulumiRoot(folders.home), "bin", program), path);
  await removeGoScratch(folders.cache, context.signal);
  return outcome;
}

async function obtain(
  folders: EngineFolders,
  context: StepContext,
): Promise<{ path: string; outcome: StepOutcome }> {
  const cli = await realpath(join(pulumiRoot(folders.home), "bin", "pulumi"));
  const beside = join(dirname(cli), program);
  if (await isExecutable(beside)) {
    return { path: beside, outcome: { state: "found", detail: `beside the Pulumi CLI, ${beside}` } };
  }
  const cached = await cachedFolder(folders.cache, builtName);
  if (cached !== null) {
    const detail = `of SDK ${languageHostSdkVersion}, built from Go modules, in ${cached}`;
    return { path: join(cached, program), outcome: { state: "found", detail } };
  }
  return await build(folders, context);
}

async function build(folders: EngineFolders, context: StepContext) {
  const found = await findGo(context.signal);
  const go = chooseGo(found);
  const missing = "no language host lies beside the Pulumi CLI, as it does in an official installation";
  if (go === null)
    throw noGoError({ needed: "Pulumi's Node language host", officialFailure: missing, found });
  const how = `from Go modules with Go ${go.version} (${go.path})`;
  context.say(`building that of SDK ${languageHostSdkVersion} ${how}`);
  const { folder, made } = await makeInCache({
    cache: folders.cache,
    name: builtName,
    lockTimeoutMs: makeTimeoutMs,
    signal: context.signal,
    onWait: () => context.say("another set-up is building it; waiting"),
    make: async (scratch) => {
      const output = join(scratch, program);
      await buildWithGo({
        go,
        modules: join(cloneRoot, "automation", "engine", "go", "language-host"),
        program: `github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/${program}`,
        ldflags: "-s -w",
        output,
        cache: folders.cache,
        signal: context.signal,
        say: context.say,
      });
      await chmod(output, 0o755);
    },
  });
  const outcome: StepOutcome = made
    ? { state: "done", detail: `of SDK ${languageHostSdkVersion}, built ${how}` }
    : { state: "found", detail: "built by another set-up meanwhile" };
  return { path: join(folder, program), outcome };
}
