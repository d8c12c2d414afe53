import type { RemoteHosts } from "./remote.ts";

/** Where a step's lines go: beside the resource while it is worked on, or kept with the run's warnings. */
export interface StepLog {
  line(text: string): void;
  warning(text: string): void;
}

/** What a step or a call is given beside its inputs. */
export interface StepContext {
  /** From the engine (customTimeouts); 0: none given. */
  timeoutSeconds: number;
  log: StepLog;
  hosts: RemoteHosts;
  /** Aborted: local commands are to end, no host is dialed any more. */
  signal: AbortSignal;
}
