import { isArchive, isAsset, isPlainObject, type Wire, type WireObject } from "./values.ts";

export type ChangeKind = "add" | "delete" | "update";

export interface PropertyChange {
  /** A property path as the engine writes them: `connection`, `triggers[0]`, `a.b`. */
  path: string;
  kind: ChangeKind;
  replace: boolean;
}

/**
 * What changed between the recorded and the new inputs, and whether it replaces the resource.
 *
 * The rule of the published plugin 1.2.1: inputs are compared with inputs, outputs take no part; every change is an
 * update in place but one of `triggers` as a whole (set where there were none, or taken away), which replaces. A
 * changed element (`triggers[0]`) is an update here and is made a replacement by the published SDK, whose classes
 * all ask the engine for `replaceOnChanges: ["triggers[*]"]`, whether the resource has an `update` or not.
 */
export function inputChanges(recorded: WireObject, next: WireObject): PropertyChange[] {
  const changes: PropertyChange[] = [];
  compareObjects(recorded, next, "", (path, kind) => {
    changes.push({ path, kind, replace: path === "triggers" });
  });
  return changes;
}

type Report = (path: string, kind: ChangeKind) => void;

function compareObjects(old: WireObject, next: WireObject, path: string, report: Report): void {
  for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
    // The engine and the SDK put properties of their own among the inputs, e.g. __defaults and version.
    if (path === "" && (key === "version" || key.startsWith("__"))) continue;
    compare(old[key] ?? null, next[key] ?? null, joined(path, key), report);
  }
}

function compare(old: Wire, next: Wire, path: string, report: Report): void {
  if (old === null || next === null) {
    if (old !== next) report(path, old === null ? "add" : "delete");
  } else if (Array.isArray(old) && Array.isArray(next)) {
    for (let at = 0; at < Math.max(old.length, next.length); at += 1) {
      compareElements(old, next, at, `${path}[${at}]`, report);
    }
  } else if (isPlainObject(old) && isPlainObject(next)) {
    compareObjects(old, next, path, report);
  } else if (!same(old, next)) {
    report(path, "update");
  }
}

function compareElements(old: Wire[], next: Wire[], at: number, path: string, report: Report): void {
  const [before, after] = [old[at], next[at]];
  if (before === undefined || after === undefined) report(path, before === undefined ? "add" : "delete");
  else compare(before, after, path, report);
}

/** Equal, where a secret equals only a secret, and a file or folder is what it holds, not where it lies. */
function same(a: Wire, b: Wire): boolean {
  for (const isOne of [isAsset, isArchive]) {
    if (isOne(a) && isOne(b) && a.hash !== undefined) return a.hash === b.hash;
  }
  return canonical(a) === canonical(b);
}

function canonical(value: Wire): string {
  return JSON.stringify(value, (_key, each: Wire) =>
    isPlainOrMarked(each) ? Object.fromEntries(Object.entries(each).sort(byKey)) : each,
  );
}

function isPlainOrMarked(value: Wire): value is WireObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function byKey([a]: [string, Wire], [b]: [string, Wire]): number {
  return a < b ? -1 : 1;
}

function joined(path: string, key: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(key)) return path === "" ? key : `${path}.${key}`;
  return `${path}[${JSON.stringify(key)}]`;
}
