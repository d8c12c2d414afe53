import { databaseStatus, sql } from "./database.ts";
import { inside, machineOf } from "./faults.ts";
import { eventually, type SiteHandle } from "./site.ts";

/** The words of each engine, as root on its host. */
const engines = {
  mariadb: {
    unit: "mariadb.service",
    stopApplying: `mariadb -e "STOP SLAVE SQL_THREAD"`,
    startApplying: `mariadb -e "START SLAVE SQL_THREAD"`,
  },
  postgresql: {
    unit: "postgresql@17-main.service",
    stopApplying: `runuser -u postgres -- psql -Xqc "SELECT pg_wal_replay_pause()"`,
    startApplying: `runuser -u postgres -- psql -Xqc "SELECT pg_wal_replay_resume()"`,
  },
};

export const isMariadb = (handle: SiteHandle, region: string) =>
  handle.regions[region]?.database.engine !== "postgresql";
const engineOf = (handle: SiteHandle, region: string) =>
  isMariadb(handle, region) ? engines.mariadb : engines.postgresql;

function onHost(handle: SiteHandle, region: string, script: string): Promise<string> {
  return inside(machineOf(handle, `${region}/database`), script, 60_000);
}

/** Lets a standby receive and apply nothing, until its server is started anew. */
export async function stopApplying(handle: SiteHandle, region: string): Promise<void> {
  await onHost(handle, region, engineOf(handle, region).stopApplying);
}

export async function startApplying(handle: SiteHandle, region: string): Promise<void> {
  await onHost(handle, region, engineOf(handle, region).startApplying);
}

/** Kills a region's database, and starts it. */
export async function crash(handle: SiteHandle, region: string): Promise<void> {
  const { unit } = engineOf(handle, region);
  await onHost(handle, region, `systemctl kill -s KILL ${unit}; sleep 0.2; systemctl start ${unit}`);
}

/** Kills a region's database; whatever brings it back is not this. */
export async function kill(handle: SiteHandle, region: string): Promise<void> {
  await onHost(handle, region, `systemctl kill -s KILL ${engineOf(handle, region).unit}`);
}

/** The same where no keeper runs that would open it: returns when it answers again. */
export async function reviveReadOnly(handle: SiteHandle, region: string): Promise<void> {
  await crash(handle, region);
  await eventually("it answers again", 60_000, async () =>
    (await databaseStatus(handle, region)).writable === null ? null : true,
  );
}

/** Kills a region's database, and nothing starts it until `revive`. */
export async function killForGood(handle: SiteHandle, region: string): Promise<void> {
  const { unit } = engineOf(handle, region);
  await onHost(handle, region, `systemctl mask --runtime -q ${unit}; systemctl kill -s KILL ${unit}`);
}

export async function revive(handle: SiteHandle, region: string): Promise<void> {
  const { unit } = engineOf(handle, region);
  await onHost(
    handle,
    region,
    `systemctl unmask --runtime -q ${unit}; systemctl reset-failed ${unit} || :; systemctl start ${unit}`,
  );
}

/** An item that `strayItem` writes. */
export const strayName = "stray-item";

/**
 * Writes an item of the ledger on a standby alone, past its read_only and into no log, as a bug, a disk or a person might;
 * and takes it away. Null where the engine lets nobody do that: PostgreSQL's standby is the writer's copy, page by page.
 */
export function strayItem(
  handle: SiteHandle,
  region: string,
): { write: () => Promise<unknown>; remove: () => Promise<unknown> } | null {
  if (!isMariadb(handle, region)) return null;
  const alone = (statement: string) => sql(handle, region, `SET SESSION sql_log_bin=0; ${statement}`);
  const table = "wordpress_db.evenkeel_stock";
  return {
    write: () => alone(`INSERT INTO ${table} (item, units) VALUES ('${strayName}', 1)`),
    remove: () => alone(`DELETE FROM ${table} WHERE item = '${strayName}'`),
  };
}
