import { UserError } from "../errors.ts";
import { askEtcd } from "../failover/etcd.ts";
import { hostsOf, openHosts, type SiteOutputs } from "../hosts.ts";
import type { Move } from "../remote/operator-keys.ts";
import type { SshSession } from "../remote/ssh.ts";
import { openExisting, readOutputs } from "../rollout/session.ts";
import { readIfThere } from "../site/durable.ts";
import { journalFile, type SitePlace, siteConfig } from "../site.ts";
import { say } from "../terminal.ts";
import { parseJournal, type ReadJournal } from "./journal-lines.ts";

const dial = { attempts: 1, timeoutSeconds: 4 };
const askMs = 8000;

/** The journal of this clone; without a line where no command has changed the site yet. */
export function readJournal(place: SitePlace): ReadJournal {
  return parseJournal(readIfThere(journalFile(place)) ?? "");
}

/** The history that the site's etcd has, as often as it is asked for. */
export interface EtcdHistory {
  /** Null where etcd can't be asked: then `why` is told. */
  moves(): Promise<{ moves: readonly Move[] | null; why: string | null }>;
  close(): Promise<void>;
}

/** Opens the way to etcd. A site that was never built has no history there, and nothing is said of it. */
export async function openEtcdHistory(place: SitePlace): Promise<EtcdHistory> {
  const config = siteConfig(place);
  try {
    const session = await openExisting(place, config);
    const outputs = session === null ? null : await readOutputs(session);
    if (session === null || outputs === null || hostsOf(outputs).length === 0) return known([]);
    const ssh = await openHosts(place, outputs, session.secrets, dial);
    return { moves: () => askMoves(ssh, outputs), close: () => ssh.close() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return known(null, error.what);
  }
}

function known(moves: readonly Move[] | null, why: string | null = null): EtcdHistory {
  return { moves: async () => ({ moves, why }), close: async () => {} };
}

async function askMoves(ssh: SshSession, outputs: SiteOutputs) {
  const observed = await askEtcd(ssh, outputs, askMs);
  if (observed === null || observed.keys !== null) return { moves: observed?.keys?.history ?? [], why: null };
  const reasons = observed.members.map(({ host, why }) => `${host}: ${why}`);
  return { moves: null, why: reasons.join("; ") };
}

/** Both, once, with what could not be read said on standard error. */
export async function readAll(place: SitePlace): Promise<ReadJournal & { moves: readonly Move[] }> {
  const etcd = await openEtcdHistory(place);
  try {
    const { moves, why } = await etcd.moves();
    const journal = readJournal(place);
    tell(journal.problems, moves === null ? why : null);
    return { ...journal, moves: moves ?? [] };
  } finally {
    await etcd.close();
  }
}

export function tell(problems: readonly string[], why: string | null): void {
  for (const problem of problems) say(`${problem}.`);
  if (why !== null) say(`Moves by other clones are not shown, since etcd can't be asked: ${why}`);
}
