import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Writable } from "node:stream";

/** Sends each line of its standard input to systemd as one datagram. What perl-base, which every Debian has, can do. */
const sender = String.raw`
  use Socket;
  (my $path = $ENV{NOTIFY_SOCKET}) =~ s/^@/\0/;
  socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die;
  while (<STDIN>) { chomp; send($socket, $_, 0, pack_sockaddr_un($path)); }
`;

/**
 * Tells systemd that the keeper is ready, and then that it lives (sd_notify(3)). Node has no datagram sockets of this
 * kind. One perl for all signs of life: to start systemd-notify each second would cost more than all the rest. Without a
 * watchdog there is nothing to tell.
 */
export class Notifier {
  private readonly everyMs: number;
  private toldMs = Number.NEGATIVE_INFINITY;
  private ready = false;
  private child: ChildProcessByStdio<Writable, null, null> | null = null;

  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    const watchdogMs = Number(environment.WATCHDOG_USEC ?? 0) / 1000;
    this.everyMs = environment.NOTIFY_SOCKET === undefined || watchdogMs === 0 ? 0 : watchdogMs / 3;
  }

  alive(nowMs: number): void {
    if (this.everyMs === 0 || nowMs - this.toldMs < this.everyMs) return;
    this.toldMs = nowMs;
    this.child ??= this.start();
    this.child.stdin.write(this.ready ? "WATCHDOG=1\n" : "READY=1\nWATCHDOG=1\n");
    this.ready = true;
  }

  private start(): ChildProcessByStdio<Writable, null, null> {
    const child = spawn("perl", ["-e", sender], { stdio: ["pipe", "ignore", "ignore"] });
    const gone = () => {
      if (this.child === child) this.child = null;
    };
    child.on("error", gone);
    child.on("close", gone);
    child.stdin.on("error", gone);
    return child;
  }
}
