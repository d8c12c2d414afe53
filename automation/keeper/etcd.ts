import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { Change, Store } from "./store.ts";
import { bodyOf, storeOf } from "./wire.ts";

export interface EtcdAccess {
  site: string;
  /** Of the members, as "address:port", the nearest first. */
  addresses: readonly string[];
  /** The name that every member's certificate has. */
  serverName: string;
  /** Paths of PEM files. */
  tls: { ca: string; certificate: string; key: string };
  /** Whoever has not answered by then is not waited for, and another member is asked the next time. Milliseconds. */
  answerMs: number;
}

export type EtcdAnswer =
  | { outcome: "done" | "refused"; store: Store }
  | { outcome: "unknown"; reason: string };

/** A member that has not answered after this is not asked first any more. */
const patienceMs = 400;

/**
 * The site's keys, through whichever member answers. A question goes to one member alone: asked again at another one it
 * could be carried out twice.
 */
export class Etcd {
  private readonly access: EtcdAccess;
  private readonly agent: Agent;
  private at = 0;

  constructor(access: EtcdAccess) {
    this.access = access;
    const { ca, certificate, key } = access.tls;
    this.agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      ca: readFileSync(ca),
      cert: readFileSync(certificate),
      key: readFileSync(key),
      servername: access.serverName,
      minVersion: "TLSv1.2",
    });
  }

  /** The member that is asked now. */
  get member(): string {
    return this.access.addresses[this.at % this.access.addresses.length] as string;
  }

  /** The change (null: a look alone). Never throws: what is not known is "unknown". */
  async ask(change: Change | null): Promise<EtcdAnswer> {
    const asked = this.at;
    const impatience = setTimeout(() => this.turnFrom(asked), patienceMs);
    try {
      const answer = await this.post(bodyOf(this.access.site, change));
      const { done, store } = storeOf(this.access.site, answer);
      return { outcome: done ? "done" : "refused", store };
    } catch (cause) {
      this.turnFrom(asked);
      return { outcome: "unknown", reason: (cause as Error).message };
    } finally {
      clearTimeout(impatience);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  /** Once for all questions that the same member left unanswered. */
  private turnFrom(asked: number): void {
    if (this.at === asked) this.at += 1;
  }

  private post(body: object): Promise<unknown> {
    const text = JSON.stringify(body);
    const { answerMs } = this.access;
    const [host, port] = this.member.split(":");
    let deadline: NodeJS.Timeout | undefined;
    return new Promise<string>((resolve, reject) => {
      const asking = request(
        {
          agent: this.agent,
          host,
          port,
          path: "/v3/kv/txn",
          method: "POST",
          headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("error", reject);
          response.on("end", () => {
            const answer = Buffer.concat(parts).toString("utf8");
            if (response.statusCode !== 200)
              reject(new Error(`etcd says ${response.statusCode}: ${answer.slice(0, 200)}`));
            else resolve(answer);
          });
        },
      );
      deadline = setTimeout(() => asking.destroy(new Error(`no answer within ${answerMs} ms`)), answerMs);
      asking.on("error", reject);
      asking.end(text);
    })
      .finally(() => clearTimeout(deadline))
      .then((answer) => JSON.parse(answer));
  }
}
