/**
 * The executable of the stand-in for pulumi-resource-command 1.2.1. The engine starts it with its own address as
 * an argument, reads the port from the first line of stdout, and ends it by SIGINT with five seconds to spare.
 */
import { engineLog } from "./engine-log.ts";
import { commandProvider } from "./provider.ts";
import { serve } from "./server.ts";

const engineAddress = process.argv.slice(2).find((word) => /^[^-].*:\d+$/.test(word));
const provider = commandProvider();

let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  const exit = () => process.exit(0);
  provider.close().then(exit, exit);
  // The engine kills after five seconds; ending by itself leaves nothing half removed.
  setTimeout(exit, 4000).unref();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);

// An engine that was killed says nothing: its child then belongs to another process.
const engineProcess = process.ppid;
setInterval(() => {
  if (process.ppid !== engineProcess) end();
}, 1000).unref();

const { port } = await serve(provider, engineLog(engineAddress));
process.stdout.write(`${port}\n`);
