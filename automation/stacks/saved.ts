import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { outputName } from "../../components/outputs.ts";
import { namesIn } from "../site/durable.ts";
import { type Deployment, resourcesOf } from "./state.ts";

/**
 * What Pulumi's file backend holds, read from its files: asking the CLI takes half a second a question. Whatever is
 * not as expected (compressed, another version, a secret among the outputs) is left to the CLI.
 */

/** Key by which a state marks an encrypted value. https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go */
const secretMark = "4dabf18193072939515e22adb298388d";
const knownVersion = 3;

interface Checkpoint {
  version?: number;
  checkpoint?: { latest?: Deployment["deployment"] | null };
}

/** Folder of the file backend that Pulumi is given, or null where the state lies elsewhere: a bucket, Pulumi Cloud. */
export function fileBackend(env: Readonly<Record<string, string | undefined>>): string | null {
  const url = env.PULUMI_BACKEND_URL ?? process.env.PULUMI_BACKEND_URL;
  return url?.startsWith("file:///") ? fileURLToPath(url) : null;
}

/** Names of the stacks that a project has; empty where it has none. */
export function savedStacks(backend: string, project: string): string[] {
  const names = namesIn(join(backend, ".pulumi", "stacks", project));
  return names.flatMap((name) => /^(.+)\.json(?:\.gz)?$/.exec(name)?.[1] ?? []);
}

/** A stack's state, secrets encrypted; without resources before the first update. Null where only the CLI can tell. */
export function savedState(backend: string, project: string, stack: string): Deployment | null {
  let state: Checkpoint;
  try {
    const text = readFileSync(join(backend, ".pulumi", "stacks", project, `${stack}.json`), "utf8");
    state = JSON.parse(text) as Checkpoint;
  } catch {
    return null;
  }
  if (state.version !== knownVersion || state.checkpoint === undefined) return null;
  return { version: knownVersion, deployment: state.checkpoint.latest ?? {} };
}

/** The stack's one output, undefined where it has none yet; null where only the CLI can tell. */
export function savedOutput(backend: string, project: string, stack: string): { value: unknown } | null {
  const state = savedState(backend, project, stack);
  if (state === null) return null;
  const root = resourcesOf(state).find(({ type }) => type === "pulumi:pulumi:Stack");
  const value = root?.outputs?.[outputName];
  return JSON.stringify(value ?? null).includes(secretMark) ? null : { value };
}
