import { Agent, request } from "node:https";
import type { Socket } from "node:net";

export interface Ask {
  /** One agent a connection: it keeps the socket between requests. */
  agent: Agent;
  address: string;
  port: number;
  domain: string;
  ca: string;
  method: "GET" | "POST";
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string | null;
  answerMs: number;
  connectMs: number;
}

export interface Reply {
  /** 0: none came. */
  status: number;
  role: string | null;
  retryAfter: boolean;
  error: string | null;
}

/** A connection that is kept open, as a browser's is. */
export function keptConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/** One request, with the site's certificate checked whatever the address. Never throws: no answer is an answer. */
export function ask(options: Ask): Promise<Reply> {
  const { agent, address, port, domain, ca, method, path, body } = options;
  return new Promise((resolve) => {
    const headers = { ...options.headers, host: domain, ...(body === null ? {} : lengthOf(body)) };
    const outgoing = request({ agent, host: address, port, servername: domain, ca, method, path, headers });
    const end = (reply: Reply) => {
      clearTimeout(deadline);
      resolve(reply);
    };
    const deadline = setTimeout(() => outgoing.destroy(new NoAnswer("deadline")), options.answerMs);
    outgoing.on("socket", (socket) => giveUpConnecting(socket, options.connectMs));
    outgoing.on("response", (incoming) => {
      const { statusCode = 0, headers: said } = incoming;
      const role = said["x-evenkeel-role"];
      const reply = {
        status: statusCode,
        role: typeof role === "string" ? role : null,
        retryAfter: said["retry-after"] !== undefined,
        error: null,
      };
      incoming.on("end", () => end(reply));
      // An answer that breaks off is none: its status came, but nobody knows what it would have said.
      incoming.on("error", (error) => end(none(error)));
      incoming.resume();
    });
    outgoing.on("error", (error) => end(none(error)));
    outgoing.end(body ?? undefined);
  });
}

class NoAnswer extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

function none(error: NodeJS.ErrnoException): Reply {
  return { status: 0, role: null, retryAfter: false, error: error.code ?? "error" };
}

function lengthOf(body: string): Record<string, string> {
  return { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
}

/** The kernel's own answer is waited for, not the server's: a host that is only busy still takes connections. */
function giveUpConnecting(socket: Socket, connectMs: number): void {
  if (!socket.connecting) return;
  const timer = setTimeout(() => socket.destroy(new NoAnswer("connect-deadline")), connectMs);
  socket.once("connect", () => clearTimeout(timer));
  socket.once("close", () => clearTimeout(timer));
}
