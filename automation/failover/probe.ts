import { Resolver } from "node:dns/promises";
import { request } from "node:https";

export interface HttpAnswer {
  status: number;
  /** Its beginning: our own answers are far shorter than what is kept. */
  body: string;
}

const bodyCharacters = 16_384;
/** Two tries of TCP's own: the second goes out after a second. */
const connectMs = 2500;
/** With TLS: a balancer or a frozen machine may take a connection behind which nobody is. */
const secureMs = 4000;

/**
 * One HTTPS GET with the site's own authority. Null when there was no answer in time or the certificate was not one
 * of the site's. Never follows a redirect: where a region sends people is not what is asked.
 */
export function httpsGet(
  url: string,
  options: { ca: string; timeoutMs: number },
): Promise<HttpAnswer | null> {
  return new Promise((resolve) => {
    const asked = request(
      url,
      {
        ca: options.ca,
        agent: false,
        signal: AbortSignal.timeout(options.timeoutMs),
        headers: { connection: "close" },
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          body = `${body}${text}`.slice(0, bodyCharacters);
        });
        response.once("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.once("error", () => resolve(null));
      },
    );
    asked.once("socket", (socket) => {
      // A packet that is dropped without a word must not cost as much as an answer that takes its time.
      const giveUpAfter = (ms: number, event: string) => {
        const late = setTimeout(() => asked.destroy(new Error("no connection in time")), ms);
        for (const end of [event, "close"]) socket.once(end, () => clearTimeout(late));
      };
      giveUpAfter(connectMs, "connect");
      giveUpAfter(secureMs, "secureConnect");
    });
    asked.once("error", () => resolve(null));
    asked.end();
  });
}

/** Whether a name server on this machine's port gives at least one address for a name. */
export async function dnsAnswers(options: {
  server: string;
  port: number;
  name: string;
  timeoutMs: number;
}): Promise<boolean> {
  const resolver = new Resolver({ timeout: options.timeoutMs, tries: 1 });
  resolver.setServers([`${options.server}:${options.port}`]);
  try {
    return (await resolver.resolve4(options.name)).length > 0;
  } catch {
    return false;
  }
}
