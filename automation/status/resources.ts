import { statfs } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import { chooseGo, findGo } from "../engine/go.ts";
import type { Finding } from "./finding.ts";

const gib = 1024 ** 3;
/** What a lab of the default shape and the builds before it take (README, "What set-up does, and needs"). */
const needed = { memoryGib: 2, diskGib: 10 };

/** Memory of the machine as a whole: how much of it is free changes by the minute. */
export function memoryFinding(total = totalmem(), free = freemem()): Finding {
  const detail = `${inGib(total)} GiB, ${inGib(free)} GiB of it free`;
  const ok = total >= needed.memoryGib * gib;
  return { name: "memory", ok, detail, fix: ok ? null : `a lab takes about ${needed.memoryGib} GiB` };
}

/** Space where the clone lies. What is built already has taken its part, so that little is no fault by itself. */
export async function diskFinding(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  return diskFindingOf(bavail * bsize);
}

export function diskFindingOf(free: number): Finding {
  const detail = `${inGib(free)} GiB free`;
  if (free < gib)
    return { name: "disk", ok: false, detail, fix: "make room: images and databases need some" };
  const fix = `a first set-up takes up to ${needed.diskGib} GiB`;
  return free < needed.diskGib * gib
    ? { name: "disk", ok: null, detail, fix }
    : { name: "disk", ok: true, detail, fix: null };
}

/** Go is needed only for what can't be downloaded. */
export async function goFinding(): Promise<Finding> {
  const found = await findGo();
  const chosen = chooseGo(found);
  const name = "Go";
  if (chosen !== null) return { name, ok: true, detail: `${chosen.version} at ${chosen.path}`, fix: null };
  const detail =
    found.length === 0 ? "not found" : `${found.map(({ version }) => version).join(", ")}: too old`;
  return {
    name,
    ok: null,
    detail: `${detail}: needed only where the official downloads can't be had`,
    fix: "Go 1.25 or newer on PATH or in /usr/local/go",
  };
}

function inGib(bytes: number): string {
  return (bytes / gib).toFixed(1);
}
