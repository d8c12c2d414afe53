import type { Moved } from "../failover/moves.ts";
import type { Commands } from "../failover/next.ts";
import type { Observation } from "../failover/observation.ts";
import type { Fault } from "../lab/faults.ts";
import type { VerifyDocument } from "../verify/document.ts";
import type { Attempt } from "./attempt.ts";

/** What a drill needs of the world, so that its order can be tried without one. */

export const drillKinds = ["region", "database", "web", "balancer", "link", "switchover"] as const;
export type DrillKind = (typeof drillKinds)[number];

/** The operator's moves, as the commands of these names make them. Each throws UserError where it refuses or stops. */
export interface Moves {
  switchover(to: string): Promise<Moved>;
  failover(to: string, options: { acceptLoss: number | "any" }): Promise<Moved>;
  reinstate(region: string): Promise<Moved>;
  failback(): Promise<Moved>;
}

/** The outside client at work. */
export interface DrillClient {
  /** What it told so far, in the order in which its requests ended. */
  readonly attempts: readonly Attempt[];
  /** Which region answers at an address that the client may use. */
  readonly regionOf: Readonly<Record<string, string>>;
  /** Why it is at work no more though nobody stopped it; null while it is. */
  lost(): string | null;
  /** Ends it; all that it told. Never throws. */
  stop(): Promise<readonly Attempt[]>;
  /** Its orders as the writer has them now, and the units that they took; null: nobody could be asked. */
  evidence(): Promise<{ found: ReadonlySet<string> | null; stockTaken: number | null }>;
}

/** What a forced failover lost, as its report says. */
export interface LossSeen {
  /** For people, one line or several. */
  text: string;
  document: unknown;
}

export interface DrillParts {
  observe(): Promise<Observation>;
  /** The words in which the next command is named. */
  commands: Commands;
  /** Starts the client; one connection stays with the region that is active now. */
  startClient(options: { active: string; round: number }): Promise<DrillClient>;
  fault: { inject(fault: Fault): Promise<unknown>; undo(fault: Fault): Promise<unknown> };
  moves: Moves;
  /** Compares all rows of the regions; throws where it can't. */
  verify(): Promise<VerifyDocument>;
  /** Of the forced failover that was just made; null where it lost nothing. Null itself: nobody writes such reports. */
  lossReport: (() => Promise<LossSeen | null>) | null;
  clock: { now(): number; sleep(ms: number): Promise<void> };
  say(line: string): void;
  /** Keeps a step of the drill itself for `events` and `timeline`; the moves keep their own. */
  note(step: { name: string; state: "begun" | "done" | "failed"; seconds?: number; why?: string }): void;
  /** Asks the operator before anything is broken; throws where the answer is no. `what`: "drill the site …". */
  confirm(what: string): Promise<void>;
  /** Throws between two steps when the operator asked to stop. */
  checkInterrupt(): void;
}
