import {
  type Attempt,
  isAcknowledged,
  nextNumber,
  orderId,
  outcomeOf,
} from "../../../automation/drill/attempt.ts";
import type { DrillOptions } from "../../../automation/drill/drill.ts";
import type { DrillClient, DrillParts } from "../../../automation/drill/parts.ts";
import { UserError } from "../../../automation/errors.ts";
import type { Moved } from "../../../automation/failover/moves.ts";
import { commandsOf } from "../../../automation/failover/next.ts";
import type { Observation } from "../../../automation/failover/observation.ts";
import type { Fault } from "../../../automation/lab/faults.ts";
import { active, healthySite, standby, webHost, wellEtcd } from "../failover/sites.ts";

export const addressOf: Record<string, string> = { primary: "10.99.0.10", secondary: "10.99.0.20" };
const regionOf = Object.fromEntries(Object.entries(addressOf).map(([region, address]) => [address, region]));
const tickMs = 100;

/**
 * A made-up site with a client at it, by a clock that only moves when somebody waits. `failing` names the calls that
 * throw; `calls` is what was done to the site, in order.
 */
export class World {
  nowMs = 1_800_000_000_000;
  writer = "primary";
  epoch = 1;
  isDead = false;
  /** A standby that follows again. */
  isReinstated = true;
  calls: string[] = [];
  /** "step: state", as events tell them. */
  noted: string[] = [];
  failing = new Set<string>();
  attempts: Attempt[] = [];
  /** Ids that the site acknowledges and then loses. */
  loses: (id: string) => boolean = () => false;
  clientLost: string | null = null;
  isStopped = false;
  isConfirmed = true;
  observation: (site: Observation) => Observation = (site) => site;
  private readonly numbers = new Map<string, number>();

  parts(): DrillParts {
    return {
      observe: () => Promise.resolve(this.observation(this.site())),
      commands: commandsOf(""),
      startClient: ({ active: pinnedTo }) => this.startClient(pinnedTo),
      fault: {
        inject: (fault) => this.inject(fault),
        undo: ({ kind, region }) => this.done(`undo ${kind} ${region}`, () => this.revive(kind)),
      },
      moves: {
        switchover: (to) => this.move("switchover", to, () => this.lead(to)),
        failover: (to, { acceptLoss }) => this.move("failover", to, () => this.lead(to), ` ${acceptLoss}`),
        reinstate: (region) =>
          this.move("reinstate", region, () => {
            this.isReinstated = true;
          }),
        failback: () => this.move("failback", "primary", () => this.lead("primary")),
      },
      verify: () =>
        this.done("verify", () => {}).then(() => ({
          apiVersion: "evenkeel/v1" as const,
          site: "shop",
          active: this.writer,
          epoch: this.epoch,
          standbys: [
            {
              region: "secondary",
              seconds: 1,
              tables: 3,
              rows: 9,
              differences: [],
              changing: [],
              unsettled: [],
              errant: null,
              unknown: null,
            },
          ],
        })),
      lossReport: null,
      clock: { now: () => this.nowMs, sleep: (ms) => Promise.resolve(this.pass(ms)) },
      say: () => {},
      note: ({ name, state }) => this.noted.push(`${name}: ${state}`),
      confirm: () => (this.isConfirmed ? Promise.resolve() : Promise.reject(new UserError({ what: "no" }))),
      checkInterrupt: () => {},
    };
  }

  /** Time goes by, and the client asks. */
  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += tickMs;
      if (this.attempts.length > 0 && !this.isStopped) this.askAll();
    }
  }

  private pinnedTo = "primary";

  private askAll(): void {
    for (const connection of ["1", "2", "pinned"]) {
      const region = connection === "pinned" ? this.pinnedTo : this.writer;
      const dead = this.isDead && region === "primary";
      const status = dead ? 0 : region === this.writer ? 201 : 503;
      const n = this.numbers.get(connection) ?? 1;
      const id = orderId("run", connection, n);
      this.numbers.set(connection, nextNumber(n, outcomeOf({ status })));
      this.keep({ kind: connection === "pinned" ? "pinned" : "order", connection, id, status, region });
    }
    const dead = this.isDead && this.writer === "primary";
    this.keep({ kind: "read", connection: "read-1", id: null, status: dead ? 0 : 200, region: this.writer });
  }

  private keep(one: Pick<Attempt, "kind" | "connection" | "id" | "status"> & { region: string }): void {
    const { region, ...rest } = one;
    this.attempts.push({
      ...rest,
      n: this.attempts.length + 1,
      sentMs: this.nowMs - 20,
      answeredMs: this.nowMs,
      role: region === this.writer ? "active" : "standby",
      retryAfter: one.status === 503,
      address: addressOf[region] as string,
      error: one.status === 0 ? "ECONNREFUSED" : null,
    });
  }

  private async startClient(pinnedTo: string): Promise<DrillClient> {
    await this.done("start client", () => {
      this.pinnedTo = pinnedTo;
      this.isStopped = false;
      this.askAll();
    });
    const found = () => {
      const taken = this.attempts.filter((one) => one.kind !== "read" && isAcknowledged(one));
      return new Set(taken.map(({ id }) => id as string).filter((id) => !this.loses(id)));
    };
    return {
      attempts: this.attempts,
      regionOf,
      lost: () => this.clientLost,
      stop: () => {
        this.isStopped = true;
        this.calls.push("stop client");
        return Promise.resolve(this.attempts);
      },
      evidence: () => Promise.resolve({ found: found(), stockTaken: found().size }),
    };
  }

  private async inject({ kind, region }: Fault): Promise<void> {
    await this.done(`inject ${kind} ${region}`, () => {
      if (kind !== "link") this.isDead = true;
    });
  }

  private revive(kind: Fault["kind"]): void {
    if (this.isDead && kind !== "link" && kind !== "web") this.isReinstated = false;
    this.isDead = false;
  }

  private lead(region: string): void {
    this.pass(1500);
    this.writer = region;
    this.epoch += 1;
  }

  private async move(kind: Moved["kind"], to: string, act: () => void, words = ""): Promise<Moved> {
    const from = this.writer;
    const startedMs = this.nowMs;
    await this.done(`${kind} ${to}${words}`, act);
    const steps = [
      {
        name: "promote",
        region: to,
        why: "so",
        startedMs,
        endedMs: this.nowMs,
        outcome: "done" as const,
        note: null,
      },
    ];
    return { kind, from, to, epoch: this.epoch, steps, loss: null };
  }

  private async done(call: string, act: () => void): Promise<void> {
    this.calls.push(call);
    const name = call.split(" ")[0] as string;
    if (this.failing.has(name) || this.failing.has(call))
      throw new UserError({ what: `${call} failed`, next: `npx evenkeel ${name}` });
    act();
  }

  site(): Observation {
    const { writer, epoch } = this;
    const base = healthySite();
    const regions = base.regions.map((region) => {
      const leads = region.name === writer;
      const beat = { region: writer, epoch, ageSeconds: 0.4, at: 1_800_000_000, changes: 900 };
      const facts = leads
        ? { ...active, epoch, heartbeat: beat }
        : { ...standby, epoch, source: writer, heartbeat: beat, replicating: this.isReinstated };
      const web = [webHost({ epoch, gate: leads ? "open" : "closed", cron: leads ? "active" : "inactive" })];
      return {
        ...region,
        http: { live: true, ready: true, active: leads },
        web,
        database: { ...region.database, facts },
      };
    });
    const sync = this.isReinstated && !this.isDead ? ["primary", "secondary"] : [writer];
    return { ...base, regions, etcd: wellEtcd({ writer: { region: writer, epoch }, sync }) };
  }
}

/** One drill of the made-up site's region, or what is said of it. */
export const options = (more: Partial<DrillOptions> = {}): DrillOptions => ({
  kind: "region",
  repeat: 1,
  preferred: "primary",
  ...more,
});
