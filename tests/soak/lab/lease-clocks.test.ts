import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { inside } from "../../lab/support/faults.ts";
import { keysOf, longestGap } from "../../lab/support/keeper.ts";
import { eventually } from "../../lab/support/site.ts";
import { leaseMs, pause, Trials } from "../../lab/support/trial.ts";

/**
 * Clocks that jump under keepers and databases (MariaDB), by libfaketime: what asks for the time of day is told another one,
 * what asks for the time since boot is not, as on a host whose clock is set. etcd can't be faked so: Go asks the kernel
 * past the C library. A host's whole clock is this machine's, and is left alone.
 */
jest.setTimeout(180_000);

const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const units = ["mariadb", "evenkeel-keeper"];
const file = "/run/evenkeel-test-clock";
let trials: Trials | undefined;
const begun = () => trials as Trials;

const databases = () => ["primary/database", "secondary/database"].map((id) => begun().machine(id));

async function setClock(offset: string): Promise<void> {
  await Promise.all(databases().map((machine) => inside(machine, `echo '${offset}' >${file}`)));
}

/** A second after it was set, whoever reads the file has it. */
const fake = `set -e
[ -e ${library} ] || { apt-get -qq update && apt-get -qq install -y libfaketime; } >&2
echo '+0' >${file}; chmod 0644 ${file}
for unit in ${units.join(" ")}; do
  mkdir -p /run/systemd/system/$unit.service.d
  printf '[Service]\\nEnvironment=LD_PRELOAD=${library} FAKETIME_TIMESTAMP_FILE=${file} FAKETIME_CACHE_DURATION=1 DONT_FAKE_MONOTONIC=1\\n' \\
    >/run/systemd/system/$unit.service.d/clock.conf
done
systemctl daemon-reload; systemctl restart ${units.join(" ")}
for unit in ${units.join(" ")}; do grep -q libfaketime "/proc/$(systemctl show -P MainPID $unit)/maps"; done`;

const mend = `set -e
for unit in ${units.join(" ")}; do rm -f /run/systemd/system/$unit.service.d/clock.conf; done
systemctl daemon-reload; systemctl restart ${units.join(" ")}
apt-get -qq purge -y libfaketime >&2; rm -f ${file}`;

/** A standby leaves the sync set a moment after its restart (W8): both are in it for good when they stay. */
async function settled(): Promise<void> {
  let sinceMs: number | null = null;
  await eventually("both regions stay in sync", 60_000, async () => {
    const { sync } = await keysOf(begun().site);
    sinceMs = sync?.regions.length === 2 ? (sinceMs ?? performance.now()) : null;
    return sinceMs !== null && performance.now() - sinceMs >= 5000 ? true : null;
  });
}

beforeAll(async () => {
  trials = await Trials.begin();
  await begun().next();
  for (const machine of databases()) await inside(machine, fake, 120_000);
  await settled();
  await begun().next();
}, 300_000);

afterAll(async () => {
  if (trials === undefined) return;
  for (const machine of databases()) await inside(machine, mend, 120_000);
  await trials.mend();
  await trials.end();
}, 300_000);

test("an hour forth, an hour back and right again: no lease is lost, no order, and nobody leaves the sync set", async () => {
  const before = await keysOf(begun().site);
  const [active = ""] = databases();
  const acknowledged = await begun().ordering(async () => {
    for (const offset of ["+3600", "-3600", "+0"]) {
      await setClock(offset);
      // The database's own clock: that it was faked at all.
      const wanted = Number(offset);
      await eventually(`the database's clock is ${offset} s off`, 10_000, async () => {
        const told = await inside(active, "mariadb -Ne 'SELECT UNIX_TIMESTAMP()'; date +%s");
        const [database = 0, host = 0] = told.split("\n").map(Number);
        return Math.abs(database - host - wanted) < 5 ? true : null;
      });
      await pause(4000);
    }
  });
  const { ms } = longestGap(acknowledged, 0);
  console.log(`clocks set: longest time without an acknowledgement ${ms} ms`);
  expect(ms).toBeLessThan(leaseMs);
  expect(await begun().missing(acknowledged)).toEqual([]);
  const { writer, sync } = await keysOf(begun().site);
  expect({ writer, sync }).toEqual({ writer: before.writer, sync: before.sync });
});
