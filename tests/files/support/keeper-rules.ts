import type { WebHost } from "./web-host.ts";

const unit = "/run/systemd/system/evenkeel-keeper.service";

/** A web host under the keeper's rules, with a keeper that does nothing: what it would write, the tests do. */
export function keeperRules(web: WebHost) {
  const lay = (line: string) =>
    web.host.bash(
      `printf '%s\\n' "${line}" >/run/evenkeel/lease.new; mv /run/evenkeel/lease.new /run/evenkeel/lease`,
    );
  return {
    begin: () =>
      web.host.bash(`echo '{"port": 3306}' >/etc/evenkeel/keeper.json
printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >${unit}
systemctl daemon-reload; systemctl start evenkeel-keeper`),
    end: () =>
      web.host.bash(`systemctl stop evenkeel-keeper; rm -f ${unit} /etc/evenkeel/keeper.json /run/evenkeel/lease
systemctl daemon-reload`),
    /** This region's at that epoch, for so long from now on; not even a moment where `forMs` is below zero. */
    lease: (epoch: number, forMs: number) =>
      lay(`${epoch} $(( $(awk '{ printf "%d", $1 * 1000 }' /proc/uptime) + ${forMs} ))`),
    /** The keeper's file with any text. */
    line: lay,
    noLease: () => web.host.bash("rm -f /run/evenkeel/lease"),
  };
}
