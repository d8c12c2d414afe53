import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Attempt, isAcknowledged } from "../../../automation/drill/attempt.ts";
import { type ClientSettings, clientDefaults } from "../../../automation/drill/client-settings.ts";
import { type RunningClient, startClient } from "../../../automation/drill/running-client.ts";
import { clientBundle } from "../../../automation/lab/client-host.ts";
import { makeAuthority, makeCertificate } from "../../../automation/site/certificates.ts";
import type { Certificate } from "../../../components/secrets.ts";
import { Names, Orders, Shop } from "./drill-shop.ts";

export const domain = "shop.lab.test";
export const key = "the-key-of-the-ledger";

/** The client as it lies on its host, and the authority of the servers that it asks. */
export interface Built {
  folder: string;
  program: string;
  authority: Certificate;
  certificate: Certificate;
  remove(): void;
}

export async function buildClient(): Promise<Built> {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-drill-client-"));
  const program = join(folder, "client.mjs");
  writeFileSync(program, await clientBundle());
  const authority = await makeAuthority("shop");
  const names = { commonName: domain, use: "server", dns: [domain], ip: [] } as const;
  const certificate = await makeCertificate(authority, names);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { folder, program, authority, certificate, remove };
}

/** What a drill's client meets: two servers of one shop and a name server. */
export interface Street {
  orders: Orders;
  first: Shop;
  second: Shop;
  names: Names;
  settings: ClientSettings;
  client(more?: Partial<ClientSettings>): { running: RunningClient; ledgerFile: string };
  close(): Promise<void>;
}

export async function openStreet({ folder, program, authority, certificate }: Built): Promise<Street> {
  const orders = new Orders();
  const [first, second] = [new Shop(certificate, orders), new Shop(certificate, orders)];
  const names = new Names();
  const port = await first.listen("127.0.0.1", 0);
  await second.listen("127.0.0.2", port);
  const dns = { server: "127.0.0.1", port: await names.listen() };
  const settings: ClientSettings = {
    ...{ ...clientDefaults, domain, port, ca: authority.certificate, ledgerKey: key, dns },
    ...{ addresses: [], pinned: "127.0.0.1", item: "tea", prefix: "run" },
    ...{ rate: 20, answerMs: 500, limitSeconds: 30 },
  };
  const ending: (() => Promise<unknown>)[] = [];
  const client = (more: Partial<ClientSettings> = {}) => {
    const ledgerFile = join(folder, `ledger-${Date.now()}.jsonl`);
    const argv = [process.execPath, program] as const;
    const running = startClient({ argv, settings: { ...settings, ...more }, ledgerFile });
    ending.push(() => running.stop());
    return { running, ledgerFile };
  };
  const close = async () => {
    for (const end of ending) await end();
    names.close();
    await Promise.all([first.die(), second.die()]);
  };
  return { orders, first, second, names, settings, client, close };
}

export const acknowledgedIds = (attempts: readonly Attempt[]) =>
  new Set(attempts.filter((one) => one.kind !== "read" && isAcknowledged(one)).map(({ id }) => id as string));

export async function until(what: string, isThere: () => boolean, limitMs = 8000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!isThere()) {
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await delay(20);
  }
}
