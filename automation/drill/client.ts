import { Resolver } from "node:dns/promises";
import { createInterface, type Interface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { type Attempt, type AttemptKind, nextNumber, orderId, outcomeOf } from "./attempt.ts";
import { type ClientSettings, parseClientSettings } from "./client-settings.ts";
import { PublicName } from "./public-name.ts";
import { type Ask, ask, keptConnection } from "./request.ts";

/**
 * The outside client of a drill: customers who order and readers who look, whatever happens to the site. Settings
 * come as one line of JSON on standard input (client-settings.ts), each attempt goes out as one line (attempt.ts). Ends
 * at the word `stop`, at the end of standard input, or after `limitSeconds`; what is under way then is still told. An
 * order that was not answered for good is asked again under the same id: one order a payment (P24).
 */

/** Wall time that never jumps: the clock of the start, carried on by the monotonic one. */
const nowMs = () => performance.timeOrigin + performance.now();

interface Customer {
  kind: AttemptKind;
  connection: string;
  address: () => Promise<string | null>;
  /** Told of an address that takes no connection or does not answer. */
  failed: (address: string | null) => void;
}

const stopping = new AbortController();
let count = 0;

function tell(attempt: Omit<Attempt, "n">): void {
  count += 1;
  process.stdout.write(`${JSON.stringify({ n: count, ...attempt })}\n`);
}

type Wanted = Pick<Ask, "method" | "path" | "headers" | "body">;

/** An order, or where there is no id a page as an anonymous reader asks for it. */
function requestFor({ readPath, ledgerKey, item }: ClientSettings, id: string | null): Wanted {
  if (id === null) return { method: "GET", path: readPath, headers: {}, body: null };
  const headers = { "x-evenkeel-ledger-key": ledgerKey };
  return { method: "POST", path: "/evenkeel-ledger/orders", headers, body: JSON.stringify({ id, item }) };
}

async function attemptOnce(
  settings: ClientSettings,
  customer: Customer,
  id: string | null,
  agent: ReturnType<typeof keptConnection>,
): Promise<Attempt["status"]> {
  const { kind, connection } = customer;
  const address = await customer.address();
  const sentMs = nowMs();
  const { domain, port, ca, answerMs, connectMs } = settings;
  const reply =
    address === null
      ? { status: 0, role: null, retryAfter: false, error: "no-address" }
      : await ask({ agent, address, port, domain, ca, answerMs, connectMs, ...requestFor(settings, id) });
  if (reply.status === 0) customer.failed(address);
  tell({ kind, connection, id, sentMs, answeredMs: nowMs(), address, ...reply });
  return reply.status;
}

async function goOn(settings: ClientSettings, customer: Customer): Promise<void> {
  const agent = keptConnection();
  const pauseMs = 1000 / settings.rate;
  const { signal } = stopping;
  for (let n = 1; !signal.aborted; ) {
    const nextMs = performance.now() + pauseMs;
    const id = customer.kind === "read" ? null : orderId(settings.prefix, customer.connection, n);
    const status = await attemptOnce(settings, customer, id, agent);
    n = nextNumber(n, outcomeOf({ status }));
    await delay(Math.max(0, nextMs - performance.now()), undefined, { signal }).catch(() => {});
  }
  agent.destroy();
}

function customersOf(settings: ClientSettings): Customer[] {
  const name = publicName(settings);
  const through = { address: () => name.address(), failed: (address: string | null) => name.failed(address) };
  const numbered = (length: number) => Array.from({ length }, (_, i) => String(i + 1));
  const { pinned } = settings;
  return [
    ...numbered(settings.connections).map((connection) => ({
      kind: "order" as const,
      connection,
      ...through,
    })),
    ...(pinned === null
      ? []
      : [
          {
            kind: "pinned" as const,
            connection: "pinned",
            address: () => Promise.resolve(pinned),
            failed: () => {},
          },
        ]),
    ...numbered(settings.readers).map((reader) => ({
      kind: "read" as const,
      connection: `read-${reader}`,
      ...through,
    })),
  ];
}

function publicName({ dns, domain, addresses }: ClientSettings): PublicName {
  const now = () => performance.now();
  if (dns === null)
    return new PublicName(() => Promise.resolve(addresses.map((address) => ({ address, ttl: 1 }))), now);
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([`${dns.server}:${dns.port}`]);
  return new PublicName(() => resolver.resolve4(domain, { ttl: true }), now);
}

/** The first line; from then on the word `stop`, and the end, stop the client. */
function settingsFrom(input: Interface): Promise<ClientSettings> {
  return new Promise((resolve, reject) => {
    let isTold = false;
    input.on("line", (line) => {
      if (isTold) {
        if (line.trim() === "stop") stopping.abort();
        return;
      }
      isTold = true;
      try {
        resolve(parseClientSettings(line));
      } catch (error) {
        reject(error as Error);
      }
    });
    input.once("close", () => {
      stopping.abort();
      reject(new Error("standard input ended before the settings came"));
    });
  });
}

async function main(): Promise<void> {
  const input = createInterface({ input: process.stdin });
  const settings = await settingsFrom(input);
  // Whoever reads the ledger has gone: nobody would ever know of a further order.
  process.stdout.once("error", () => process.exit(1));
  const limit = setTimeout(() => stopping.abort(), settings.limitSeconds * 1000);
  await Promise.all(customersOf(settings).map((customer) => goOn(settings, customer)));
  clearTimeout(limit);
  input.close();
  process.stdin.destroy();
}

main().catch((error: unknown) => {
  process.stderr.write(`drill client: ${(error as Error).message}\n`);
  process.exitCode = 2;
});
