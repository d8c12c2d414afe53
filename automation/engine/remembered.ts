import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { placeFile } from "./cache.ts";

/** How long a failed download isn't tried again: a closed network costs its deadline once a day, not every run. */
export const rememberForMs = 24 * 60 * 60_000;

export interface RememberedFailure {
  why: string;
  ageMs: number;
}

export interface RememberedKey {
  cache: string;
  /** With the version, e.g. `pulumi-3.259.0`: a new version is tried at once. */
  name: string;
  /** Milliseconds since the epoch; the clock of the caller. */
  nowMs?: number;
}

export async function rememberFailure(key: RememberedKey, why: string): Promise<void> {
  const atMs = key.nowMs ?? Date.now();
  await placeFile(fileOf(key), `${JSON.stringify({ why, at: new Date(atMs).toISOString() })}\n`, 0o600);
}

export async function forgetFailure(key: RememberedKey): Promise<void> {
  await rm(fileOf(key), { force: true });
}

/** The failure of the last attempt, or null: none, too long ago, or written by a clock that was ahead. */
export async function recallFailure(key: RememberedKey): Promise<RememberedFailure | null> {
  const text = await readFile(fileOf(key), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    const { why, at } = JSON.parse(text) as { why?: unknown; at?: unknown };
    const ageMs = (key.nowMs ?? Date.now()) - Date.parse(String(at));
    // NaN compares false: an unreadable date is no memory.
    return typeof why === "string" && ageMs >= 0 && ageMs < rememberForMs ? { why, ageMs } : null;
  } catch {
    return null;
  }
}

/** E.g. "3 h ago". */
export function agoText(ageMs: number): string {
  const minutes = Math.round(ageMs / 60_000);
  return minutes < 60 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

function fileOf(key: RememberedKey): string {
  return join(key.cache, "remembered", `${key.name}.json`);
}
