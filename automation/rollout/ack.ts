import { cooldownOf } from "../failover/cooldown.ts";
import { commandsOf } from "../failover/next.ts";
import { moveText } from "../history/events.ts";
import { apiVersion, facts, jsonDocument, writeResult } from "../output.ts";
import { etcdCommand } from "../remote/etcd.ts";
import type { Move } from "../remote/operator-keys.ts";
import { siteFlag } from "../site.ts";
import { sayToEtcd } from "./operator-word.ts";

interface AckDocument {
  apiVersion: typeof apiVersion;
  site: string;
  /** The last failover, which is acknowledged now; null where there was none. */
  acknowledged: Move | null;
  /** False where it was acknowledged before. */
  changed: boolean;
}

/** `evenkeel ack`: the operator has seen the last failover, so another one may follow it at once. */
export async function ack({ site: name, format }: { site: string; format: string }): Promise<void> {
  const document = await sayToEtcd(name, "ack", async ({ config, keys, by, put }): Promise<AckDocument> => {
    const { site, cooldownSeconds } = config;
    const { last } = cooldownOf(keys, { cooldownSeconds, now: new Date(by.at) });
    const changed = last !== null && last.run !== keys.ackedRun;
    if (changed)
      await put({
        command: etcdCommand.ack({ run: last.run, ...by }),
        what: `the failover of ${last.at} was not acknowledged`,
        next: commandsOf(siteFlag(site)).ack,
      });
    return { apiVersion, site, acknowledged: last, changed };
  });
  writeResult(format === "json" ? jsonDocument(document) : ackTable(document));
}

function ackTable({ site, acknowledged, changed }: AckDocument): string {
  const what =
    acknowledged === null
      ? "nothing: the history has no failover"
      : `the failover of ${acknowledged.at} ${moveText(acknowledged)}${changed ? "" : ", and was before"}`;
  return facts([
    ["Site", site],
    ["Acknowledged", what],
  ]);
}
