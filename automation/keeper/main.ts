import { DatabaseKeeper } from "./database-keeper.ts";
import { Etcd } from "./etcd.ts";
import { claim, found, type RequestEnd, seize } from "./request.ts";
import { etcdAccess, type KeeperSettings, readSettings } from "./settings.ts";
import { WebKeeper } from "./web-keeper.ts";

const requests = { found, claim, seize };
const usage = "usage: evenkeel-keeper run | found --epoch N | claim --epoch N | seize --epoch N";

/** The one program of a keeper. Exit: 0 done, 1 etcd gives no answer, 2 usage, 12 refused on facts. */
async function main([verb, option, value, ...rest]: string[]): Promise<number | null> {
  if (verb === "run" && option === undefined) {
    const settings = readSettings();
    if (settings.host === "database") new DatabaseKeeper(settings).start();
    else new WebKeeper(settings).start();
    return null;
  }
  const request = Object.hasOwn(requests, verb ?? "") ? requests[verb as keyof typeof requests] : null;
  if (request === null || option !== "--epoch" || !/^[1-9]\d{0,9}$/.test(value ?? "") || rest.length > 0) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  return await end(request, readSettings(), Number(value));
}

async function end(
  request: (etcd: Etcd, settings: KeeperSettings, epoch: number) => Promise<RequestEnd>,
  settings: KeeperSettings,
  epoch: number,
): Promise<number> {
  const etcd = new Etcd(etcdAccess(settings));
  const { exit, reason } = await request(etcd, settings, epoch);
  etcd.close();
  process.stderr.write(`${reason}\n`);
  return exit;
}

const exit = await main(process.argv.slice(2));
if (exit !== null) process.exit(exit);
