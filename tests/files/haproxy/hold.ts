import { beforeAll, describe, expect, test } from "@jest/globals";
import { edgeConfig } from "../../../components/host/edge.ts";

export interface EdgeHost {
  domain: string;
  bash: (script: string) => Promise<string>;
  ask: (words: string) => Promise<string>;
  until: (condition: string) => Promise<string>;
  applyEdge: (config: string) => Promise<{ exitCode: number | null; stderr: string }>;
}

/** An edge that holds writes for a switchover, on the balancer's scratch host; its only region is the web host web-1. */
export function holdChapter({ domain, bash, ask, until, applyEdge }: EdgeHost): void {
  const hold = (words: string) => bash(`evenkeel-traffic hold ${words}`);

  /** How long a request takes that is answered 200. */
  const secondsOf = async (path: string, flags = ""): Promise<number> => {
    const to = `--resolve ${domain}:443:127.0.0.1 'https://${domain}${path}'`;
    const said = await ask(`${flags} -o /dev/null -w '%{http_code} %{time_total}' ${to}`);
    const [status, seconds] = said.split(" ");
    expect(status).toBe("200");
    return Number(seconds);
  };

  describe("an edge that holds writes", () => {
    beforeAll(async () => {
      const config = edgeConfig({ domain, regions: [{ name: "web-1", address: "10.10.0.31" }] });
      const { exitCode, stderr } = await applyEdge(config);
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      await until("evenkeel-traffic haproxy show stat | grep '^active,web-1,' | grep -q ',UP,'");
    }, 60_000);

    test("lets plain pages pass, and what may write go on once the hold is over by itself", async () => {
      await hold("--to nobody --seconds 2");
      expect(await secondsOf("/")).toBeLessThan(1);
      expect(await secondsOf("/", "-X POST")).toBeGreaterThan(0.5);
      expect(await secondsOf("/", "-X POST")).toBeLessThan(0.5);
    });

    test.each([
      ["/?add-to-cart=1", ""],
      ["/wp-admin/", ""],
      ["/shop/checkout/", ""],
      ["/", "-H 'Cookie: wordpress_logged_in_x=1'"],
      ["/", "-H 'Authorization: Basic x'"],
    ])("lets a read of %s %s wait as well, which the gate of a standby would refuse", async (path, flags) => {
      await hold("--to nobody --seconds 1.5");
      expect(await secondsOf(path, flags)).toBeGreaterThan(0.5);
    });

    test("ends it as soon as the region that it waits for is the only one that may write, or at a word", async () => {
      await hold("--to web-1 --seconds 8");
      expect(await secondsOf("/", "-X POST")).toBeLessThan(1);
      await hold("--to nobody --seconds 6");
      await bash("(sleep 1; evenkeel-traffic release) >/dev/null 2>&1 &");
      const seconds = await secondsOf("/", "-X POST");
      expect(seconds).toBeGreaterThan(0.5);
      expect(seconds).toBeLessThan(4);
    });
  });
}
