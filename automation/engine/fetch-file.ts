/**
 * A program of its own, started by download.ts: `fetch-file.ts URL FILE DEADLINE_MS` stores what is at URL,
 * `fetch-file.ts URL - DEADLINE_MS` only asks whether anything answers. Being a child process it can be killed at its
 * deadline whatever the resolver does, and it alone follows the machine's HTTPS_PROXY.
 */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

async function main(): Promise<void> {
  const [url, file, deadlineMs] = process.argv.slice(2);
  if (url === undefined || file === undefined) throw new Error("usage: fetch-file.ts URL FILE|- DEADLINE_MS");
  const probing = file === "-";
  const signal = AbortSignal.timeout(Number(deadlineMs));
  const response = await fetch(url, {
    method: probing ? "HEAD" : "GET",
    redirect: probing ? "manual" : "follow",
    signal,
  });
  // Any answer to the probe, an error page too, says that the way there is open.
  if (probing) return;
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    process.stderr.write(`${cause}\n`);
    process.exit(1);
  },
);
