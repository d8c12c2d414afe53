import { execa } from "execa";
import type { RemoteResult } from "../../../automation/remote/ssh.ts";
import type { DatabasePair, HostName } from "./database-pair.ts";

/** How a verb ended: its one JSON object, or null where it printed none. */
export interface VerbResult {
  exitCode: number;
  answer: Record<string, unknown> | null;
  stderr: string;
  seconds: number;
}

export async function verb(pair: DatabasePair, host: HostName, words: string): Promise<VerbResult> {
  const start = performance.now();
  const result = await pair.run(host, { argv: ["sudo", "-n", "evenkeel-db", ...words.split(" ")] });
  return asVerb(result, (performance.now() - start) / 1000);
}

/** Exit code of `cutShort` when the verb was killed where it should be. */
export const killed = 99;

/**
 * Runs a verb that is killed (-9) right before its first step that begins with `step` (bash source text), as if the
 * host's power had gone there. Exit code 99 = killed; another one = it ended before.
 */
export async function cutShort(
  pair: DatabasePair,
  host: HostName,
  words: string,
  step: string,
): Promise<VerbResult> {
  return trapped(pair, { host, words, step, act: "kill -KILL $$" });
}

/** A verb that waits right before a step, holding what it holds by then. */
export interface HeldVerb {
  /** Lets it go on; resolves when it has ended. Give the verb a deadline that outlasts the waiting. */
  release(): Promise<VerbResult>;
}

/** Runs a verb as far as its first step that begins with `step`; resolves when it waits there, at most 30 s later. */
export async function heldAt(
  pair: DatabasePair,
  host: HostName,
  words: string,
  step: string,
): Promise<HeldVerb> {
  await pair.script(host, "rm -f /run/held /run/released");
  const act = "{ touch /run/held; until [ -e /run/released ]; do sleep 0.05; done; }";
  const ended = trapped(pair, { host, words, step, act });
  const isHeld = async () => (await pair.script(host, "ls /run/held 2>/dev/null || :")) !== "";
  await Promise.race([
    eventually(`${words} is held`, 30_000, isHeld),
    ended.then(({ stderr }) => {
      throw new Error(`${words} ended before ${step}: ${stderr}`);
    }),
  ]);
  return {
    release: async () => {
      await pair.script(host, "touch /run/released");
      return ended;
    },
  };
}

async function trapped(
  pair: DatabasePair,
  { host, words, step, act }: { host: HostName; words: string; step: string; act: string },
): Promise<VerbResult> {
  const script = `
cat >/run/trapped.sh <<'END'
set -o functrace
trap '[[ $BASH_COMMAND == "$STEP"* ]] && ${act}' DEBUG
END
BASH_ENV=/run/trapped.sh STEP=$(cat <<'END'
${step}
END
) evenkeel-db ${words} </dev/null
status=$?
[ "$status" -ne 137 ] || status=${killed}
exit "$status"
`;
  return asVerb(await pair.run(host, { argv: ["sudo", "-n", "bash", "-s"], stdin: script }, 180_000), 0);
}

function asVerb({ exitCode, stdout, stderr }: RemoteResult, seconds: number): VerbResult {
  const text = stdout.trim();
  return { exitCode, answer: text === "" ? null : JSON.parse(text), stderr, seconds };
}

export interface Login {
  from: HostName;
  to: string;
  user: string;
  password: string;
  tls: boolean;
  statement: string;
  /** As another region's database comes. */
  replication?: boolean;
}

/** A client's session over the network, with what it was told to run. */
export async function login(pair: DatabasePair, options: Login): Promise<RemoteResult> {
  const script = pair.engine === "mariadb" ? mariadbSession(options) : postgresqlSession(options);
  return pair.run(options.from, { argv: ["sudo", "-n", "bash", "-s"], stdin: script }, 30_000);
}

function mariadbSession({ to, user, password, tls, statement }: Login): string {
  const escaped = password.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  const transport = tls ? "ssl-ca=/etc/evenkeel/tls/ca.pem\nssl-verify-server-cert" : "skip-ssl";
  return `
umask 077
trap 'rm -f /run/client.$$' EXIT
cat >/run/client.$$ <<'END'
[client]
protocol=tcp
host=${to}
user=${user}
password="${escaped}"
connect-timeout=4
default-character-set=utf8mb4
${transport}
END
mariadb --defaults-file=/run/client.$$ --batch --skip-column-names <<'END'
${statement}
END
`;
}

function postgresqlSession({ to, user, password, tls, statement, replication = false }: Login): string {
  const escaped = password.replaceAll("\\", "\\\\").replaceAll(":", "\\:");
  const transport = tls ? "sslmode=verify-full sslrootcert=/etc/evenkeel/tls/ca.pem" : "sslmode=disable";
  const database = replication ? "replication=true" : "dbname=wordpress_db";
  return `
umask 077
trap 'rm -f /run/client.$$' EXIT
cat >/run/client.$$ <<'END'
*:*:*:*:${escaped}
END
PGPASSFILE=/run/client.$$ psql -X -q -A -t -v ON_ERROR_STOP=1 \\
  "host=${to} ${database} user=${user} connect_timeout=4 ${transport}" <<'END'
${statement}
END
`;
}

/** Lets a host reach no other database host by SSH, or again. Answered by a reset, so that nothing waits. */
export async function silenceSsh(pair: DatabasePair, host: HostName, silent: boolean): Promise<void> {
  const rule = `
nft add table inet fault
nft add chain inet fault output '{ type filter hook output priority 0; }'
nft add rule inet fault output ip daddr ${pair.settings[host].peers[0]?.address} tcp dport 22 reject with tcp reset`;
  await pair.script(host, silent ? rule : "nft delete table inet fault");
}

/**
 * Runs a bash fragment on every answer that a host gives to its peers: `real` prints the true one. `null` ends it.
 */
export async function answerPeers(
  pair: DatabasePair,
  host: HostName,
  fragment: string | null,
): Promise<void> {
  const program = "/usr/local/sbin/evenkeel-db-peer";
  const fault = `
[ -e /run/peer.real ] || cp -p ${program} /run/peer.real
: >/run/peer.asked; chmod 0666 /run/peer.asked
cat >${program} <<'END'
#!/bin/bash
real() { bash /run/peer.real; }
${fragment}
END`;
  await pair.script(host, fragment === null ? `mv /run/peer.real ${program}` : fault);
}

/**
 * Keeps what follows a start of the server (evenkeel-db-boot) from running, or lets it again. One that is under way ends
 * first. A drop-in, since `mask --runtime` masks no unit that stands in /etc.
 */
export async function keepBootAway(pair: DatabasePair, host: HostName, away: boolean): Promise<void> {
  const drop = "/run/systemd/system/evenkeel-db-boot.service.d/away.conf";
  const change = away
    ? `mkdir -p ${drop.replace(/[^/]*$/, "")}; printf '[Unit]\\nConditionPathExists=/nowhere\\n' >${drop}`
    : `rm -f ${drop}`;
  await pair.script(
    host,
    `${change}; systemctl daemon-reload
for i in $(seq 300); do [ "$(systemctl show -P ActiveState evenkeel-db-boot)" = activating ] || exit 0; sleep 0.1; done
echo "evenkeel-db-boot does not end" >&2; exit 1`,
  );
}

/** Reboots a host; resolves when its database answers again. */
export async function reboot(pair: DatabasePair, host: HostName): Promise<void> {
  await execa("docker", ["restart", "-t", "30", pair.container(host)], { timeout: 90_000 });
  await eventually(`${host} is back`, 60_000, async () => (await pair.status(host)).running);
}

/** Polls until `probe` is true; throws with `what` when the time is over. */
export async function eventually(
  what: string,
  timeoutMs: number,
  probe: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      if (await probe()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: last });
    await new Promise((wake) => setTimeout(wake, 200));
  }
}
