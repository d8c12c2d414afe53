import { request } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { exitCodes, UserError } from "../errors.ts";

/** How the drill itself reaches the site's order ledger (components/host/files/ledger/ledger.php). */
export interface LedgerAccess {
  /** Of a region or the edge, as this machine reaches it. */
  url: string;
  ca: string;
  key: string;
}

const answerMs = 20_000;
/** How often a question is asked. */
export interface Patience {
  attempts: number;
  pauseMs: number;
}

/** A site that was just moved may answer 503 for a moment. */
const moved: Patience = { attempts: 10, pauseMs: 1000 };
/** The ledger's own limit of a listing. */
const pageSize = 10_000;

/** Adds an item with its stock. Throws UserError (exit 12) where the site refuses it. */
export async function addStock(access: LedgerAccess, item: string, units: number): Promise<void> {
  const { status, body } = await call(access, "stock", { item, units });
  if (status !== 201)
    throw new UserError({
      what: `the order ledger did not take the drill's item: status ${status}`,
      why: body.slice(0, 300),
      next: "npx evenkeel status says what is wrong with the site",
      exitCode: exitCodes.refused,
      code: "drill-ledger",
    });
}

const stockSchema = z.object({ units: z.number().int() });
const ordersSchema = z.object({ orders: z.array(z.object({ id: z.string() })) });

/** What is left of an item; null where nobody says so in time. */
export function unitsLeft(access: LedgerAccess, item: string, patience = moved): Promise<number | null> {
  return asked(async () => {
    const { status, body } = await call(access, `stock?item=${item}`);
    return status === 200 ? stockSchema.parse(JSON.parse(body)).units : null;
  }, patience);
}

/** All orders whose id begins with `prefix` and a dash, in pages; null where nobody says so in time. */
export function ordersOf(
  access: LedgerAccess,
  prefix: string,
  patience = moved,
): Promise<Set<string> | null> {
  return asked(async () => {
    const found = new Set<string>();
    // A connection's name is a number or "pinned": all of them sort before this end.
    let from = `${prefix}-`;
    for (;;) {
      const range = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(`${prefix}-zzzz`)}`;
      const { status, body } = await call(access, `orders?${range}&limit=${pageSize}`);
      if (status !== 200) return null;
      const ids = ordersSchema.parse(JSON.parse(body)).orders.map(({ id }) => id);
      for (const id of ids) found.add(id);
      const last = ids.at(-1);
      if (ids.length < pageSize || last === undefined) return found;
      from = last;
    }
  }, patience);
}

async function asked<T>(
  question: () => Promise<T | null>,
  { attempts, pauseMs }: Patience,
): Promise<T | null> {
  for (let n = 1; ; n += 1) {
    const answer = await question().catch(() => null);
    if (answer !== null || n === attempts) return answer;
    await delay(pauseMs);
  }
}

function call(
  { url, ca, key }: LedgerAccess,
  path: string,
  body?: object,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { "x-evenkeel-ledger-key": key, "content-type": "application/json" };
    const method = body === undefined ? "GET" : "POST";
    const signal = AbortSignal.timeout(answerMs);
    const options = { ca, headers, method, signal, agent: false as const };
    const outgoing = request(`${url}/evenkeel-ledger/${path}`, options, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => {
        text += chunk;
      });
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: text }));
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
