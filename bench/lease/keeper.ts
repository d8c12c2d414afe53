/** What a host's keeper took of it. */
export interface KeeperUse {
  host: string;
  /** Of one core. */
  percent: number;
  /** Memory that would be free without it; Node's file, which its processes share, is not in it. */
  ownMb: number;
  /** With what it shares, in proportion. */
  wholeMb: number;
}

/** All processes of the keeper: clock ticks that they and their ended children took, and kilobytes that they hold. */
const look = `
import os
root = int(os.popen("systemctl show -P MainPID evenkeel-keeper").read())
parents, ticks = {}, {}
for name in filter(str.isdigit, os.listdir("/proc")):
    try:
        fields = open("/proc/%s/stat" % name).read().rpartition(")")[2].split()
    except OSError:
        continue
    parents[int(name)] = int(fields[1])
    ticks[int(name)] = sum(map(int, fields[11:15]))
def is_its(pid):
    while pid > 1 and pid != root:
        pid = parents.get(pid, 0)
    return pid == root
its = [pid for pid in parents if is_its(pid)]
def kilobytes(pid, what):
    try:
        rows = open("/proc/%d/smaps_rollup" % pid).read().splitlines()
    except OSError:
        return 0
    return sum(int(row.split()[1]) for row in rows if row.startswith(what + ":"))
print(open("/proc/uptime").read().split()[0], sum(ticks[pid] for pid in its) / os.sysconf("SC_CLK_TCK"),
      sum(kilobytes(pid, "Anonymous") for pid in its), sum(kilobytes(pid, "Pss") for pid in its))
`;

/** Over so many seconds. `inside` runs a shell script as root on the host. */
export async function useOfKeeper(
  host: string,
  inside: (script: string) => Promise<string>,
  seconds: number,
): Promise<KeeperUse> {
  const once = async () => {
    const text = await inside(`python3 -I - <<'LOOK'\n${look}\nLOOK`);
    const [atSeconds = 0, cpuSeconds = 0, ownKb = 0, wholeKb = 0] = text.trim().split(" ").map(Number);
    return { atSeconds, cpuSeconds, ownKb, wholeKb };
  };
  const before = await once();
  await new Promise((wake) => setTimeout(wake, seconds * 1000));
  const after = await once();
  return {
    host,
    percent: (100 * (after.cpuSeconds - before.cpuSeconds)) / (after.atSeconds - before.atSeconds),
    ownMb: after.ownKb / 1024,
    wholeMb: after.wholeKb / 1024,
  };
}
