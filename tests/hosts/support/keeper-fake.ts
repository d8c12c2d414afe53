import type { DatabasePair, HostName } from "./database-pair.ts";

/** How a stand-in for a host's keeper answers. */
export interface FakeKeeper {
  /** Exit code of `found` and `claim`: 0, 12 (refused) or 1 (no quorum). */
  answers: number;
  /** Shell: what the daemon does then; $1 is the epoch asked for. */
  then?: string;
}

/** Puts the keeper's rules in force on a host, with a program that answers so; its questions go to /root/keeper.asked. */
export async function fakeKeeper(
  pair: DatabasePair,
  host: HostName,
  { answers, then = ":" }: FakeKeeper,
): Promise<void> {
  await pair.script(
    host,
    `echo '{}' >/etc/evenkeel/keeper.json
cat >/root/keeper.then <<'END'
${then}
END
cat >/usr/local/sbin/evenkeel-keeper <<'END'
#!/bin/bash
echo "$*" >>/root/keeper.asked
[ ${answers} -eq 0 ] || echo "the keeper has its reasons" >&2
systemd-run -q --collect bash /root/keeper.then "$3"
exit ${answers}
END
chmod 0755 /usr/local/sbin/evenkeel-keeper`,
  );
}

/** As a keeper that holds the lease: the database's port is open for so long, or until it is said again. */
export async function lease(
  pair: DatabasePair,
  host: HostName,
  milliseconds: number,
  port: number,
): Promise<void> {
  const set = "inet evenkeel_db open_ports";
  const element = `add element ${set} { ${port} timeout ${milliseconds}ms }`;
  await pair.script(host, `printf '%s\\n' 'flush set ${set}' '${element}' | nft -f -`);
}

/** As a keeper that lets a standby receive as soon as the host is one. Ends by itself. */
export async function receiveWhenStandby(pair: DatabasePair, host: HostName): Promise<void> {
  await pair.script(
    host,
    `cat >/run/keeper.receive <<'END'
for i in $(seq 600); do
  if grep -q '"role":"standby"' /var/lib/evenkeel/role.json 2>/dev/null; then evenkeel-db receive; exit; fi
  sleep 0.1
done
END
systemd-run -q --collect bash /run/keeper.receive`,
  );
}

/** A line of the feed. */
export interface Watched {
  askedMs: number;
  role: string;
  epoch: number;
  mayReturn: boolean;
  running: boolean;
  open: boolean;
  waiting: string[];
  followers: string[];
  receivesFrom: string | null;
  waits: string[] | null;
}

/** What the feed says in `seconds`. */
export async function watched(pair: DatabasePair, host: HostName, seconds: number): Promise<Watched[]> {
  const text = await pair.script(host, `sleep ${seconds} | evenkeel-db watch`);
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Watched);
}

/** What it says now. */
export async function lookOnce(pair: DatabasePair, host: HostName): Promise<Watched> {
  const line = (await watched(pair, host, 0.6)).at(-1);
  if (line === undefined) throw new Error(`the feed of ${host} says nothing`);
  return line;
}
