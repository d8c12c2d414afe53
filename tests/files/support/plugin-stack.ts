import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  type Deployment,
  type EngineEvent,
  LocalWorkspace,
  PulumiCommand,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { cloneRoot, pulumiHomeFolder } from "../../../automation/engine/cache.ts";
import { givenPlugin, standInLauncher } from "../../../automation/engine/command-plugin.ts";
import { engineEnvironment } from "../../../automation/engine/environment.ts";
import { pulumiRoot } from "../../../automation/engine/pulumi-cli.ts";
import { commandPluginVersion } from "../../../automation/engine/versions.ts";
import { plainState, type StateResource } from "./plugin-state.ts";

/** What the engine did, or in a preview would do, with one resource. */
export interface ResourceStep {
  /** In the order in which they were begun; `same` for none. */
  ops: string[];
  /** Property paths with the engine's kind of change, e.g. `stdin update`, `triggers[0] update-replace`. */
  diff: string[];
  /** The outputs that the step left, or that a preview knows; unknown ones as the engine writes them. */
  outputs: Record<string, unknown>;
}

export interface StackRun {
  /** By the resource's name. */
  steps: Record<string, ResourceStep>;
  /** Lines of the engine's log by resource; kept ones have their severity before them. */
  log: Record<string, string[]>;
  outputs: Record<string, unknown>;
  failure: string | null;
}

/** A resource as data: any type and any inputs. */
export interface RawResource {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/** One stack of programs that are functions here, run by the engine with one command plugin. */
export interface PluginStack {
  /** The folder in which local commands run. */
  folder: string;
  up(program: PulumiFn, options?: { signal?: AbortSignal }): Promise<StackRun>;
  /** Goes on after a resource that fails. */
  upRaw(resources: readonly RawResource[]): Promise<StackRun>;
  preview(program: PulumiFn): Promise<StackRun>;
  destroy(): Promise<StackRun>;
  /** The state with its secrets as `{ secret: VALUE }`, by the resource's name. */
  state(): Promise<Record<string, StateResource>>;
  /** Replaces the state by an exported one. */
  importState(exported: Deployment): Promise<void>;
  /** What an update that was cut off would leave: locks and operations that count as pending. */
  leftovers(): Promise<{ locks: string[]; pending: number }>;
  /** From here on another plugin serves the same state. */
  usePlugin(executable: string | null): Promise<void>;
  remove(): Promise<void>;
}

const project = "conformance";

/** The plugin under test: the one that PULUMI_COMMAND_PLUGIN names, null for the stand-in of this clone. */
export const pluginUnderTest = await givenPlugin();

/**
 * Another plugin, to take over the state of the one under test: an executable's path, or "stand-in". Undefined where
 * there is none to compare with.
 */
export const otherPlugin = named(process.env.EVENKEEL_OTHER_COMMAND_PLUGIN);

function named(value: string | undefined): string | null | undefined {
  return value === "stand-in" ? null : value || undefined;
}

export async function pluginStack(
  name: string,
  plugin: string | null = pluginUnderTest,
): Promise<PluginStack> {
  const folder = await mkdtemp(path.join(os.tmpdir(), `evenkeel-plugin-${name}-`));
  const pulumiHome = path.join(folder, "home");
  const workDir = path.join(folder, "work");
  const backend = path.join(folder, "state");
  for (const each of [backend, workDir]) await mkdir(each);
  await mkdir(pulumiHome);
  await symlink(path.join(pulumiHomeFolder(cloneRoot), "versions"), path.join(pulumiHome, "versions"));
  await placePlugin(pulumiHome, plugin);
  await writeProject(workDir);
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: name, workDir },
    {
      pulumiHome,
      pulumiCommand: await PulumiCommand.get({ root: pulumiRoot(cloneRoot), skipVersionCheck: true }),
      envVars: {
        ...engineEnvironment(),
        PULUMI_HOME: pulumiHome,
        PULUMI_BACKEND_URL: pathToFileURL(backend).href,
        PULUMI_CONFIG_PASSPHRASE: "conformance",
        // No agent of whoever runs the tests takes part.
        SSH_AUTH_SOCK: "",
      },
    },
  );
  return {
    folder: workDir,
    async up(program, options = {}) {
      return await observed(async (onEvent) => (await stack.up({ program, onEvent, ...options })).outputs);
    },
    async upRaw(resources) {
      await writeFile(path.join(workDir, "resources.json"), JSON.stringify(resources));
      return await observed(async (onEvent) => (await stack.up({ continueOnError: true, onEvent })).outputs);
    },
    async preview(program) {
      return await observed(async (onEvent) => {
        await stack.preview({ program, onEvent });
        return {};
      });
    },
    async destroy() {
      return await observed(async (onEvent) => {
        await stack.destroy({ onEvent });
        return {};
      });
    },
    state: async () => plainState(await stack.exportStack()),
    importState: (exported) => stack.importStack(exported),
    leftovers: () => leftovers(stack, backend),
    usePlugin: (executable) => placePlugin(pulumiHome, executable),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The project of the raw program; functions run in the same folder. */
async function writeProject(workDir: string): Promise<void> {
  const settings = { name: project, main: ".", runtime: { name: "nodejs", options: { typescript: false } } };
  await writeFile(path.join(workDir, "Pulumi.yaml"), JSON.stringify(settings));
  await writeFile(path.join(workDir, "package.json"), '{"type":"module","main":"index.ts"}');
  await copyFile(path.join(import.meta.dirname, "plugin-raw.ts"), path.join(workDir, "index.ts"));
  await symlink(path.join(cloneRoot, "node_modules"), path.join(workDir, "node_modules"));
}

async function placePlugin(pulumiHome: string, executable: string | null): Promise<void> {
  const place = path.join(pulumiHome, "plugins", `resource-command-v${commandPluginVersion}`);
  const file = path.join(place, "pulumi-resource-command");
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  if (executable !== null) return await symlink(executable, file);
  await writeFile(file, standInLauncher(cloneRoot));
  await chmod(file, 0o755);
}

async function leftovers(stack: Stack, backend: string): Promise<{ locks: string[]; pending: number }> {
  const { deployment } = (await stack.exportStack()) as { deployment: { pending_operations?: unknown[] } };
  const entries = await readdir(path.join(backend, ".pulumi", "locks"), { recursive: true }).catch(() => []);
  const locks = entries.filter((entry) => entry.endsWith(".json"));
  return { locks, pending: deployment.pending_operations?.length ?? 0 };
}

type Outputs = Record<string, { value: unknown }>;

async function observed(
  work: (onEvent: (event: EngineEvent) => void) => Promise<Outputs>,
): Promise<StackRun> {
  const run: StackRun = { steps: {}, log: {}, outputs: {}, failure: null };
  try {
    const outputs = await work((event) => record(run, event));
    run.outputs = Object.fromEntries(Object.entries(outputs).map(([key, { value }]) => [key, value]));
  } catch (error) {
    run.failure = (error as Error).message;
  }
  return run;
}

function record(run: StackRun, { resourcePreEvent, resOutputsEvent, diagnosticEvent }: EngineEvent): void {
  const metadata = resourcePreEvent?.metadata ?? resOutputsEvent?.metadata;
  if (metadata?.type.startsWith("command:") === true) {
    const name = nameOf(metadata.urn);
    const step = run.steps[name] ?? { ops: [], diff: [], outputs: {} };
    run.steps[name] = step;
    if (resourcePreEvent !== undefined) step.ops.push(metadata.op);
    const details = Object.entries(metadata.detailedDiff ?? {});
    if (details.length > 0) step.diff = details.map(([at, { diffKind }]) => `${at} ${diffKind}`).sort();
    Object.assign(step.outputs, metadata.new?.outputs);
  }
  const shown = diagnosticEvent?.message.trim() !== "" && !/^debug/.test(diagnosticEvent?.severity ?? "");
  if (diagnosticEvent !== undefined && shown) {
    const name = diagnosticEvent.urn ? nameOf(diagnosticEvent.urn) : "";
    const kept = diagnosticEvent.ephemeral === true ? "" : `${diagnosticEvent.severity}: `;
    run.log[name] = [...(run.log[name] ?? []), `${kept}${diagnosticEvent.message.trim()}`];
  }
}

export function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}
