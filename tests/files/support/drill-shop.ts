import { createSocket, type Socket } from "node:dgram";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import type { Certificate } from "../../../components/secrets.ts";

/**
 * open: takes orders. refuses: 503 with Retry-After, as a closed gate. hangs: reads and never answers. cuts: writes the order
 * down and ends the connection without an answer, as a host that dies behind its commit.
 */
export type ShopMode = "open" | "refuses" | "hangs" | "cuts";

/** Orders as both servers of a made-up shop know them: one database, whoever is asked. */
export class Orders {
  /** Ids in the order in which they were written. */
  readonly written = new Set<string>();
  /** Ids to which an acknowledgement went out, each time it did. */
  readonly acknowledged: string[] = [];
}

/** A server of the made-up shop, on one of this machine's own addresses. */
export class Shop {
  mode: ShopMode = "open";
  /** Of this one alone, by what came. */
  readonly asked: { path: string; id: string | null; key: string | undefined }[] = [];
  private readonly server: Server;
  private readonly sockets = new Set<TcpSocket>();
  private readonly orders: Orders;

  constructor(certificate: Certificate, orders: Orders) {
    this.orders = orders;
    const tls = { cert: certificate.certificate, key: certificate.key };
    this.server = createServer(tls, (request, response) => this.answer(request, response));
    this.server.on("connection", (socket: TcpSocket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
  }

  /** Port 0: any that is free. Returns the port. */
  async listen(address: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, address, resolve);
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** The host is gone: nobody is heard, nobody is taken. */
  async die(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      const id = body === "" ? null : (JSON.parse(body) as { id: string }).id;
      const key = request.headers["x-evenkeel-ledger-key"] as string | undefined;
      this.asked.push({ path: request.url ?? "", id, key });
      this.respond(id, request, response);
    });
  }

  private respond(id: string | null, request: IncomingMessage, response: ServerResponse): void {
    const { written, acknowledged } = this.orders;
    switch (this.mode) {
      case "hangs":
        return;
      case "cuts":
        if (id !== null) written.add(id);
        request.socket.destroy();
        return;
      case "refuses":
        response.writeHead(503, { "retry-after": "5", "x-evenkeel-role": "standby" }).end("later");
        return;
      case "open": {
        const status = id === null || written.has(id) ? 200 : 201;
        if (id !== null) {
          written.add(id);
          response.once("finish", () => acknowledged.push(id));
        }
        response.writeHead(status, { "x-evenkeel-role": "active" }).end("{}");
        return;
      }
      default:
        this.mode satisfies never;
    }
  }
}

/** A name server that answers every question with one address. */
export class Names {
  address = "127.0.0.1";
  /** Seconds. */
  ttl = 1;
  asked = 0;
  private readonly socket: Socket = createSocket("udp4");

  async listen(): Promise<number> {
    this.socket.on("message", (question, { port, address }) => {
      this.asked += 1;
      this.socket.send(this.reply(question), port, address);
    });
    await new Promise<void>((resolve) => this.socket.bind(0, "127.0.0.1", resolve));
    return this.socket.address().port;
  }

  close(): void {
    this.socket.close();
  }

  /** RFC 1035: the question as it came, and one record that points back at its name. */
  private reply(question: Buffer): Buffer {
    const end = question.indexOf(0, 12) + 5;
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(0x8580, 2);
    for (const [at, count] of [
      [4, 1],
      [6, 1],
      [8, 0],
      [10, 0],
    ] as const)
      header.writeUInt16BE(count, at);
    const record = Buffer.alloc(16);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(1, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(this.ttl, 6);
    record.writeUInt16BE(4, 10);
    Buffer.from(this.address.split(".").map(Number)).copy(record, 12);
    return Buffer.concat([header, question.subarray(12, end), record]);
  }
}
