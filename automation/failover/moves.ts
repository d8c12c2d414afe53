import type { SiteConfig } from "../../components/config.ts";
import type { SiteSecrets } from "../../components/secrets.ts";
import type { SiteOutputs } from "../hosts.ts";
import type { Journal } from "../journal.ts";
import type { SshSession } from "../remote/ssh.ts";
import type { SitePlace } from "../site.ts";
import type { Observation } from "./observation.ts";

/** A site under the operator's locks, with a way to its hosts: what every move works on. */
export interface HeldSite {
  place: SitePlace;
  config: SiteConfig;
  secrets: SiteSecrets;
  outputs: SiteOutputs;
  ssh: SshSession;
  journal: Journal;
  /** As the operator gave it, e.g. "switchover --to secondary". */
  command: string;
}

/** One step of a move as it went. Times are milliseconds since 1970 by the operator's machine. */
export interface StepTaken {
  name: string;
  region: string | null;
  why: string;
  startedMs: number;
  endedMs: number;
  /** Already: an earlier run had done it. */
  outcome: "done" | "already" | "failed" | "skipped";
  /** What the step said, e.g. why it failed or was skipped. */
  note: string | null;
}

/** What a move came to, and how the site looks behind it. */
export interface MovedSite {
  moved: Moved;
  after: Observation;
}

/** What a move came to. */
export interface Moved {
  kind: "switchover" | "failover" | "reinstate" | "failback";
  /** The region that was the writer; null where none was known. */
  from: string | null;
  to: string;
  /** Of the writer behind the move; null where `to` is none then, as behind single steps, or where etcd did not say. */
  epoch: number | null;
  steps: readonly StepTaken[];
  /** Acknowledged rows that the new writer lacks, as far as they were counted; null: nothing can be lost by such a move. */
  loss: { rows: number | null; seconds: number | null } | null;
}
