import { inputChanges } from "./diff.ts";
import { inputNames, type ResourceType } from "./schema.ts";
import {
  asSecret,
  isArchive,
  isAsset,
  isObject,
  isSecret,
  isUnknown,
  reveal,
  unknownString,
  type Wire,
  type WireObject,
} from "./values.ts";

/**
 * The inputs to record: with the connection's defaults filled in, secret as a whole and once more at each of its
 * secrets. The same marks as the published plugin's, or a state would show a change when the other one takes it over.
 */
export function recordedInputs(type: ResourceType, inputs: WireObject): WireObject {
  const given = inputs.connection;
  if (type === "command:local:Command" || given === undefined || given === null) return inputs;
  return { ...inputs, connection: asSecret(withDefaults(given, true)) };
}

const hopSecrets = ["password", "privateKey", "privateKeyPassword"];

/** Secret marks that were given stay where they are: they would be a change of their own. */
function withDefaults(given: Wire, proxied: boolean): Wire {
  if (!isObject(given)) return given;
  if (isSecret(given as Wire)) return asSecret(withDefaults(given.value ?? null, proxied));
  const filled: WireObject = { dialErrorLimit: 10, perDialTimeout: 15, port: 22, user: "root", ...given };
  for (const name of hopSecrets) {
    if (given[name] !== undefined) filled[name] = asSecret(given[name]);
  }
  if (proxied && given.proxy !== undefined) filled.proxy = withDefaults(given.proxy, false);
  return filled;
}

/** What a command has beside its inputs; `assets` and `archive` only where files were asked for. */
const outputNames = ["stdout", "stderr", "assets", "archive"] as const;

export type CommandOutputs = { stdout: string; stderr: string; assets?: WireObject; archive?: WireObject };

export function hasOutputs(type: ResourceType): boolean {
  return type === "command:local:Command" || type === "command:remote:Command";
}

/**
 * The outputs of the last run, as an update starts with them: plain, since the engine marks again what is secret.
 * Of files the engine may send the hash alone. The published plugin hands those back, and Node programs end over a file
 * that is nowhere; here such outputs are left out.
 */
export function lastOutputs(type: ResourceType, state: WireObject): WireObject {
  if (!hasOutputs(type)) return {};
  const known = outputNames.flatMap((name) => {
    const value = reveal(state[name] ?? null);
    return value === null || !isWhole(value) ? [] : [[name, value]];
  });
  return { stdout: "", stderr: "", ...Object.fromEntries(known) };
}

function isWhole(value: Wire): boolean {
  if (isAsset(value) || isArchive(value))
    return ["path", "text", "uri", "assets"].some((name) => (value[name] ?? "") !== "");
  return !isObject(value) || Object.values(value).every(isWhole);
}

/** What a preview of a creation knows of the outputs: nothing. */
export function outputsBeforeCreate(type: ResourceType): WireObject {
  return hasOutputs(type) ? { stdout: unknownString, stderr: unknownString } : {};
}

/**
 * What a preview of an update knows: the last outputs, while no input that the state has is another or not known
 * yet. An input that is new to the resource leaves them known, as published.
 */
export function outputsBeforeUpdate(type: ResourceType, state: WireObject, inputs: WireObject): WireObject {
  const last = lastOutputs(type, state);
  const touched = inputNames(type).some((name) => {
    const [before, after] = [state[name] ?? null, inputs[name] ?? null];
    if (isUnknown(after) || (isSecret(after) && isUnknown(after.value))) return true;
    return before !== null && inputChanges({ [name]: before }, { [name]: after }).length > 0;
  });
  if (!touched) return last;
  return Object.fromEntries(Object.keys(last).map((name) => [name, unknownString]));
}
