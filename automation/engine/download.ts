import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { failureOf, runProgram } from "./program.ts";

/** How long an address may take to answer at all. A closed network must not cost more than this. */
export const probeTimeoutMs = 8_000;

const fetchProgram = fileURLToPath(new URL("./fetch-file.ts", import.meta.url));

/** Null when something answers at one of the addresses, else why none does. */
export async function whyUnreachable(urls: readonly string[], signal?: AbortSignal): Promise<string | null> {
  const attempts = urls.map(async (url) => {
    const why = await fetchUrl({ url, file: "-", timeoutMs: probeTimeoutMs, signal });
    if (why !== null) throw new Error(`${new URL(url).host}: ${why}`);
  });
  return await Promise.any(attempts).then(
    () => null,
    (error: AggregateError) => error.errors.map((each: Error) => each.message).join("; "),
  );
}

export interface DownloadOptions {
  url: string;
  file: string;
  /** Hexadecimal. What doesn't match is deleted and refused. */
  sha256: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** Stores a file whose checksum is known. Null when that worked, else why not; then there is no file. */
export async function download(options: DownloadOptions): Promise<string | null> {
  const why = (await fetchUrl(options)) ?? (await checksumProblem(options.file, options.sha256));
  if (why !== null) await rm(options.file, { force: true });
  return why;
}

/** Stores a file that says itself what others must be; TLS vouches for it. Null when that worked, else why not. */
export async function downloadUnchecked(options: Omit<DownloadOptions, "sha256">): Promise<string | null> {
  const why = await fetchUrl(options);
  if (why !== null) await rm(options.file, { force: true });
  return why;
}

/** Null when the file's SHA-256 is the expected one, else the sentence that says both. */
export async function checksumProblem(file: string, sha256: string): Promise<string | null> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const actual = hash.digest("hex");
  return actual === sha256 ? null : `checksum mismatch: SHA-256 is ${actual}, expected ${sha256}`;
}

async function fetchUrl(options: { url: string; file: string; timeoutMs: number; signal?: AbortSignal }) {
  const result = await runProgram({
    file: process.execPath,
    args: [fetchProgram, options.url, options.file, String(options.timeoutMs)],
    env: { ...process.env, NODE_USE_ENV_PROXY: "1", NODE_OPTIONS: "" },
    timeoutMs: options.timeoutMs + 1_000,
    signal: options.signal,
  });
  return result.outcome === "exited" && result.exitCode === 0 ? null : failureOf(result);
}
