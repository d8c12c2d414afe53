import { z } from "zod";
import { UserError } from "../errors.ts";
import type { RemoteCommand } from "./ssh.ts";

/** One server of one of HAProxy's backends, by its stable names ("active", "primary"). */
export interface BackendServer {
  backend: string;
  server: string;
  /** Whether HAProxy sends it new requests: up and neither drained nor in maintenance. */
  up: boolean;
  /** HAProxy's own word: "UP", "UP 1/2", "DOWN", "MAINT", "DRAIN", "no check". */
  state: string;
  /** What the last health check said, e.g. "L7STS/503"; null before the first. */
  lastCheck: string | null;
}

export interface EdgeStatus {
  /** HAProxy answers on its socket. Whether it has anyone to send visitors to stands in `backends`. */
  edge: boolean;
  /** The name server gives the site's name at least one address. */
  dns: boolean;
  /** The addresses it gives, sorted; empty when it gives none. */
  addresses: string[];
  backends: BackendServer[];
}

const hostReport = z.object({
  apiVersion: z.literal("evenkeel/v1"),
  haproxy: z.object({ stat: z.string() }).nullable(),
  dns: z.object({ name: z.string(), addresses: z.array(z.string()) }).nullable(),
});

/**
 * Asks the edge's own HAProxy and name server, on the edge. `name` is the site's public name; a region's balancer
 * has no name server, there it is left out. `deadlineSeconds` bounds each of the two questions.
 */
export function edgeStatus(options: { name?: string; deadlineSeconds?: number } = {}): RemoteCommand {
  const name = options.name === undefined ? [] : ["--name", options.name];
  const deadline = ["--deadline", String(options.deadlineSeconds ?? 3)];
  return { argv: [...traffic, "status", ...name, ...deadline] };
}

const traffic = ["sudo", "-n", "/usr/local/sbin/evenkeel-traffic"];

/** Lets requests that may write wait at the edge until region `to` alone may write, `seconds` at most (15). */
export function holdCommand({ to, seconds }: { to: string; seconds: number }): RemoteCommand {
  return { argv: [...traffic, "hold", "--to", to, "--seconds", String(seconds)] };
}

/** Lets those that wait go on. */
export function releaseCommand(): RemoteCommand {
  return { argv: [...traffic, "release"] };
}

/** Reads what `edgeStatus` printed. Throws UserError when the host printed something else (an older Evenkeel). */
export function parseEdgeStatus(stdout: string): EdgeStatus {
  const report = hostReport.safeParse(jsonOrNull(stdout));
  if (!report.success) {
    throw new UserError({
      what: "The edge's own report could not be read.",
      why: z.prettifyError(report.error),
      next: "Run npx evenkeel provision, which installs the matching host commands.",
      code: "edge-report",
    });
  }
  const { haproxy, dns } = report.data;
  return {
    edge: haproxy !== null,
    dns: dns !== null && dns.addresses.length > 0,
    addresses: dns?.addresses ?? [],
    backends: haproxy === null ? [] : parseShowStat(haproxy.stat),
  };
}

/**
 * The servers in HAProxy's "show stat" (its CSV: a header line that begins with "# ", then a line for each
 * frontend, server and backend; see HAProxy's Management Guide, 9.1). Throws when a needed column is missing.
 */
export function parseShowStat(csv: string): BackendServer[] {
  const [header = "", ...lines] = csv.split("\n").filter((line) => line.trim() !== "");
  const columns = splitCsv(header.replace(/^# /, ""));
  const at = (column: string) => {
    const index = columns.indexOf(column);
    if (index < 0) throw new Error(`HAProxy's statistics have no column ${column}`);
    return index;
  };
  const [backend, server, status, check, code] = [
    "pxname",
    "svname",
    "status",
    "check_status",
    "check_code",
  ].map(at);
  return lines
    .map(splitCsv)
    .map((cells) => [backend, server, status, check, code].map((index) => cells[index as number] ?? ""))
    .filter(([, name]) => name !== "FRONTEND" && name !== "BACKEND")
    .map(([of = "", name = "", state = "", kind = "", number = ""]) => ({
      backend: of,
      server: name,
      up: state === "no check" || state.startsWith("UP"),
      state,
      lastCheck:
        kind === "" || kind === "INI" ? null : [kind.replace(/^\* /, ""), number].filter(Boolean).join("/"),
    }));
}

/** One line of CSV with double quotes around cells that hold a comma, doubled where they are meant. */
function splitCsv(line: string): string[] {
  const cells = line.match(/(?<=^|,)("([^"]|"")*"|[^,]*)(?=,|$)/g) ?? [];
  return cells.map((cell) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell));
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
