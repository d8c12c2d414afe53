import type { Etcd } from "./etcd.ts";
import type { KeeperSettings } from "./settings.ts";
import type { Change, Store, Writer } from "./store.ts";

/** How a request of `evenkeel-db` ended: `exit` is the program's (0 done, 1 no answer, 12 refused on facts). */
export interface RequestEnd {
  exit: 0 | 1 | 12;
  reason: string;
}

const noQuorum: RequestEnd = {
  exit: 1,
  reason:
    "etcd gives no answer: bring a majority of its members back (evenkeel-etcd status on the gateways says why)",
};

/**
 * `found`: before this host's database is opened at `epoch` by an operator's verb. Where etcd knows nothing of the site
 * this region becomes its writer; where it does, the lease must be this region's or one that it may claim (W1, W2). What
 * opens the database is the keeper.
 */
export async function found(etcd: Etcd, settings: KeeperSettings, epoch: number): Promise<RequestEnd> {
  const { region, durability } = settings;
  const seen = await etcd.ask(null);
  if (seen.outcome === "unknown") return noQuorum;
  // An operator's choice stays where etcd was made anew and was told already.
  const change = {
    kind: "found",
    writer: { region, epoch },
    durability: seen.store.durability ?? durability,
  } as const;
  const answer = await etcd.ask(change);
  if (answer.outcome === "unknown") return noQuorum;
  if (answer.outcome === "done") return { exit: 0, reason: "founded" };
  const { writer, sync } = answer.store;
  if (writer?.value.region === region) return { exit: 0, reason: "this region has the lease" };
  if (writer !== null)
    return refused(`region '${writer.value.region}' has the lease, at epoch ${writer.value.epoch}`);
  if (sync?.value.regions.includes(region))
    return { exit: 0, reason: "the lease is vacant, and this region is in sync" };
  return refused(
    `nobody has the lease, and this region holds not all there is: ${textOfSync(answer.store)} may have it`,
  );
}

/** `claim`: the first half of a promotion (W7). The writer must have been silent for the lease's time. */
export async function claim(etcd: Etcd, settings: KeeperSettings, epoch: number): Promise<RequestEnd> {
  const { region } = settings;
  const silent = await silentWriter(etcd, settings);
  if ("exit" in silent) return silent;
  const { writer, sync } = silent.store;
  if (writer?.value.region === region) return { exit: 0, reason: "this region has the lease" };
  if (sync === null || !sync.value.regions.includes(region))
    return refused(`this region holds not all that was acknowledged: ${textOfSync(silent.store)} does`);
  if (epoch !== silent.store.epoch + 1)
    return refused(`the next epoch is ${silent.store.epoch + 1}, not ${epoch}`);
  return await put(etcd, {
    kind: "claim",
    region,
    epoch: silent.store.epoch,
    writerRevision: writer?.revision ?? null,
    syncRevision: sync.revision,
  });
}

/**
 * `seize`: a promotion of a region that lacks something, for which an operator answers. A lease that was waited out is no
 * proof that the old writer is closed (W4): the operator says that its machine is off.
 */
export async function seize(
  etcd: Etcd,
  settings: KeeperSettings,
  epoch: number,
  confirmedOff: readonly string[],
): Promise<RequestEnd> {
  const silent = await silentWriter(etcd, settings);
  if ("exit" in silent) return silent;
  const { writer, epoch: known } = silent.store;
  const taken: Writer = { region: settings.region, epoch };
  if (writer?.value.region === taken.region && writer.value.epoch >= epoch)
    return { exit: 0, reason: "this region has the lease" };
  if (epoch <= known) return refused(`epoch ${epoch} is past: ${known} was granted`);
  if (writer !== null && writer.value.region !== taken.region && !confirmedOff.includes(writer.value.region))
    return refused(
      `region '${writer.value.region}' was the writer at epoch ${writer.value.epoch}, and its silence proves nothing: --confirmed-off ${writer.value.region} where its machine is off for certain`,
    );
  return await put(etcd, {
    kind: "seize",
    writer: taken,
    epoch: known,
    writerRevision: writer?.revision ?? null,
  });
}

async function put(etcd: Etcd, change: Change): Promise<RequestEnd> {
  const answer = await etcd.ask(change);
  if (answer.outcome === "unknown") return noQuorum;
  if (answer.outcome === "done") return { exit: 0, reason: "done" };
  return refused("another region was faster: look again");
}

/** Another region's writer that renews its lease is not to be replaced; looks for as long as a challenger has to. */
async function silentWriter(
  etcd: Etcd,
  { region, lease }: KeeperSettings,
): Promise<RequestEnd | { store: Store }> {
  const first = await etcd.ask(null);
  if (first.outcome === "unknown") return noQuorum;
  const { writer } = first.store;
  if (writer === null || writer.value.region === region) return { store: first.store };
  await new Promise((resolve) => setTimeout(resolve, lease.leaseMs));
  const second = await etcd.ask(null);
  if (second.outcome === "unknown") return noQuorum;
  if (second.store.writer?.revision === writer.revision) return { store: second.store };
  return refused(
    `region '${writer.value.region}' has the lease at epoch ${writer.value.epoch} and renews it: demote it first`,
  );
}

function textOfSync({ sync }: Store): string {
  return sync === null || sync.value.regions.length === 0 ? "no region" : sync.value.regions.join(", ");
}

function refused(reason: string): RequestEnd {
  return { exit: 12, reason };
}
