import { parseArgs } from "node:util";
import { DatabaseKeeper } from "./database-keeper.ts";
import { Etcd } from "./etcd.ts";
import { claim, found, type RequestEnd, seize } from "./request.ts";
import { etcdAccess, type KeeperSettings, readSettings } from "./settings.ts";
import { WebKeeper } from "./web-keeper.ts";

const requests = { found, claim, seize };
const usage =
  "usage: evenkeel-keeper run | found --epoch N | claim --epoch N | seize --epoch N [--confirmed-off REGION]...";

/** What `evenkeel-db` or an operator asks. */
interface Asked {
  verb: keyof typeof requests;
  epoch: number;
  confirmedOff: string[];
}

/** The one program of a keeper. Exit: 0 done, 1 etcd gives no answer or there are no settings, 2 usage, 12 refused on facts. */
async function main(words: string[]): Promise<number | null> {
  const asked = words.join() === "run" ? "run" : read(words);
  if (asked === null) return say(usage, 2);
  const settings = settingsOrReason();
  if (typeof settings === "string") return say(settings, 1);
  if (asked !== "run") return await end(asked, settings);
  if (settings.host === "database") new DatabaseKeeper(settings).start();
  else new WebKeeper(settings).start();
  return null;
}

function read(words: string[]): Asked | null {
  try {
    const options = {
      epoch: { type: "string" },
      "confirmed-off": { type: "string", multiple: true },
    } as const;
    const { values, positionals } = parseArgs({ args: words, options, allowPositionals: true });
    const [verb = "", ...rest] = positionals;
    const confirmedOff = values["confirmed-off"] ?? [];
    if (!Object.hasOwn(requests, verb) || rest.length > 0) return null;
    if (!/^[1-9]\d{0,9}$/.test(values.epoch ?? "")) return null;
    if (verb !== "seize" && confirmedOff.length > 0) return null;
    return { verb: verb as Asked["verb"], epoch: Number(values.epoch), confirmedOff };
  } catch {
    return null;
  }
}

const settingsOrReason = () => orReason(readSettings);

const etcdOrReason = (settings: KeeperSettings) => orReason(() => new Etcd(etcdAccess(settings)));

function orReason<Read>(read: () => Read): Read | string {
  try {
    return read();
  } catch (cause) {
    return `${(cause as Error).message}: evenkeel-keeper is for root, on a host that has a keeper`;
  }
}

async function end({ verb, epoch, confirmedOff }: Asked, settings: KeeperSettings): Promise<number> {
  const etcd = etcdOrReason(settings);
  if (typeof etcd === "string") return say(etcd, 1);
  const { exit, reason }: RequestEnd = await requests[verb](etcd, settings, epoch, confirmedOff);
  etcd.close();
  return say(reason, exit);
}

function say(words: string, exit: number): number {
  process.stderr.write(`${words}\n`);
  return exit;
}

const exit = await main(process.argv.slice(2));
if (exit !== null) process.exit(exit);
