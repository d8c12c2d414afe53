import { inside } from "../../../automation/lab/faults.ts";
import type { SiteHandle } from "./site.ts";

/**
 * Faults, and what is seen of them: all of it through Docker, since a region that is cut off can't be reached over SSH.
 * Times are milliseconds since the machine's boot, which all of its hosts count alike (/proc/uptime, steps of 10 ms).
 */

export { cut, heal, inside } from "../../../automation/lab/faults.ts";

export function machineOf(site: Pick<SiteHandle, "name">, hostId: string): string {
  return `evenkeel-${site.name}-${hostId.replace("/", "-")}`;
}

export async function upMs(machine: string): Promise<number> {
  return Math.round(Number((await inside(machine, "cut -d' ' -f1 /proc/uptime")).trim()) * 1000);
}

export interface Order {
  id: string;
  /** 0: no answer. */
  status: number;
  sentMs: number;
  answeredMs: number;
}

export const isAcknowledged = ({ status }: Order) => status === 201 || status === 200;

/**
 * Buyers on a region's own web host, who go on ordering whatever the rest of the world does. `limitSeconds` ends them
 * where nobody else does.
 */
export class Buyers {
  private readonly machine: string;
  private readonly flag: string;
  private readonly running: Promise<string>;

  private constructor(machine: string, flag: string, running: Promise<string>) {
    this.machine = machine;
    this.flag = flag;
    this.running = running;
  }

  static async start(
    site: SiteHandle,
    region: string,
    {
      prefix,
      item,
      buyers = 3,
      limitSeconds = 90,
    }: { prefix: string; item: string; buyers?: number; limitSeconds?: number },
  ): Promise<Buyers> {
    const machine = machineOf(site, `${region}/web-1`);
    const flag = `/run/evenkeel-test-${prefix}`;
    await inside(machine, `touch ${flag}`);
    const { address } = site.host(`${region}/web-1`);
    const script = buyersScript({ site, address, flag, prefix, item, buyers, limitSeconds });
    return new Buyers(machine, flag, inside(machine, script, (limitSeconds + 60) * 1000));
  }

  /** All orders that were sent, in order of their answers. */
  async stop(): Promise<Order[]> {
    await inside(this.machine, `rm -f ${this.flag}`);
    return (await this.running)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [id, status, sent, answered] = line.split(" ") as [string, string, string, string];
        return {
          id,
          status: Number(status),
          sentMs: Number(sent) * 1000,
          answeredMs: Number(answered) * 1000,
        };
      })
      .sort((one, other) => one.answeredMs - other.answeredMs);
  }
}

function buyersScript(args: {
  site: SiteHandle;
  address: string;
  flag: string;
  prefix: string;
  item: string;
  buyers: number;
  limitSeconds: number;
}): string {
  const { site, address, flag, prefix, item, buyers, limitSeconds } = args;
  // The key comes by a file of root's, never as an argument.
  return `
umask 077
config=$(mktemp)
sed -n 's/^LEDGER_ACCESS="\\(.*\\)"$/header = "X-Evenkeel-Ledger-Key: \\1"/p' /etc/evenkeel/wordpress.env >"$config"
buy() {
  local n=0 id code sent answered
  while [ -e ${flag} ] && [ $SECONDS -lt ${limitSeconds} ]; do
    id=${prefix}-$1-$(printf %06d $n)
    read -r sent _ </proc/uptime
    code=$(curl -sk -m 25 -K "$config" -o /dev/null -w '%{http_code}' -H 'content-type: application/json' \\
      --data "{\\"id\\":\\"$id\\",\\"item\\":\\"${item}\\"}" --connect-to "::${address}:443" \\
      https://${site.domain}/evenkeel-ledger/orders) || code=0
    read -r answered _ </proc/uptime
    echo "$id $code $sent $answered"
    n=$((n + 1))
    sleep 0.05
  done
}
for buyer in $(seq ${buyers}); do buy "$buyer" & done
wait
rm -f "$config" ${flag}
`;
}
