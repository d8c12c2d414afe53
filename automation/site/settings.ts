import { statSync } from "node:fs";
import { join } from "node:path";
import { isMap, isScalar, type Pair, parseDocument, type Scalar } from "yaml";
import { exitCodes, UserError } from "../errors.ts";
import { readIfThere, replaceFile } from "./durable.ts";

/**
 * Sets a key of the whole site in its Pulumi.yaml, and nothing else of the file: comments, order and writing stay. A
 * file that says so already is not touched: false.
 */
export function changeSetting(directory: string, key: string, value: string): boolean {
  const path = join(directory, "Pulumi.yaml");
  const text = readIfThere(path) ?? "";
  const changed = withSetting(text, key, value);
  if (changed === null) throw byHand(path, key, value);
  if (changed === text) return false;
  // A file of the clone, for whoever may read the others of it.
  const { mode } = statSync(path);
  replaceFile(path, changed, mode & 0o777);
  return true;
}

/**
 * The text of a Pulumi.yaml in which `evenkeel:<key>` is this plain word: its value replaced where it stands, else a line
 * more below `config:`. Null where the file is written in a way that this does not change for sure.
 */
export function withSetting(text: string, key: string, value: string): string | null {
  const name = `evenkeel:${key}`;
  const project = parseDocument(text).contents;
  const config = isMap(project) ? pairOf(project.items, "config") : undefined;
  if (!isMap(config?.value)) return null;
  const pair = pairOf(config.value.items, name);
  const changed = pair === undefined ? added(text, config, name, value) : replaced(text, pair, value);
  return changed !== null && settingIn(changed, name) === value ? changed : null;
}

function pairOf(items: readonly Pair[], name: string): Pair | undefined {
  return items.find(({ key }) => isScalar(key) && key.value === name);
}

function replaced(text: string, pair: Pair, value: string): string | null {
  const scalar = isMap(pair.value) ? pair.value.get("value", true) : pair.value;
  if (!isScalar(scalar)) return null;
  const [from, to] = (scalar as Scalar).range ?? [];
  return from === undefined || to === undefined ? null : text.slice(0, from) + value + text.slice(to);
}

/** The first of `config:`, as far in as the others: a comment above one of them stays with it. */
function added(text: string, { key, value: map }: Pair, name: string, value: string): string | null {
  const from = isScalar(key) ? key.range?.[0] : undefined;
  const first = isMap(map) ? map.range?.[0] : undefined;
  if (from === undefined || first === undefined) return null;
  const end = text.indexOf("\n", from) + 1;
  const indent = text.slice(text.lastIndexOf("\n", first - 1) + 1, first);
  if (end === 0 || end > first || !/^ +$/.test(indent)) return null;
  return `${text.slice(0, end)}${indent}${name}:\n${indent}  value: ${value}\n${text.slice(end)}`;
}

function settingIn(text: string, name: string): unknown {
  const document = parseDocument(text);
  if (document.errors.length > 0) return undefined;
  const entry: unknown = document.getIn(["config", name]);
  return isMap(entry) ? entry.get("value") : entry;
}

function byHand(path: string, key: string, value: string): UserError {
  return new UserError({
    what: `evenkeel:${key} could not be set in ${path}, whose config is written in an unusual way`,
    next: `set evenkeel:${key} to ${value} there by hand`,
    exitCode: exitCodes.error,
    code: "setting-by-hand",
  });
}
