import { describe, expect, test } from "@jest/globals";
import { decide } from "../../../automation/failover/decide.ts";
import { commandsOf } from "../../../automation/failover/next.ts";
import type { Observation, WebObservation } from "../../../automation/failover/observation.ts";
import { healthySite, webHost, withRegion } from "./sites.ts";

const commands = commandsOf("");
const problems = (site: Observation) => decide(site, commands).problems;
const codes = (site: Observation) => problems(site).map(({ code }) => code);
const next = (site: Observation) => problems(site)[0]?.next;
const primaryWeb = (...web: WebObservation[]) => withRegion("primary", { web });
const restart = (host: string, unit: string) => `npx evenkeel ssh ${host} -- sudo systemctl restart ${unit}`;
const look = (host: string) => `npx evenkeel ssh ${host} -- systemctl --failed`;

describe("the gates", () => {
  test("an open one on a standby and a closed one on the active region are both wrong", () => {
    const closed = webHost({ gate: "closed", cron: "inactive" });
    expect(codes(withRegion("secondary", { web: [webHost()] }))).toEqual(["gate-wrong"]);
    expect(codes(primaryWeb(closed))).toEqual(["gate-wrong"]);
    expect(codes(primaryWeb(webHost()))).toEqual([]);
    expect(codes(withRegion("secondary", { web: [closed] }))).toEqual([]);
  });

  test("scheduled tasks that don't run are told of the active region only", () => {
    expect(codes(primaryWeb(webHost({ cron: "inactive" })))).toEqual(["cron-stopped"]);
    const closed = webHost({ gate: "closed", cron: "inactive" });
    expect(codes(withRegion("secondary", { web: [closed] }))).toEqual([]);
  });

  test("a host that can't be asked is told with why, and is looked at", () => {
    const silent = webHost({ host: "w2", gate: null, why: "no answer within 5 s" });
    expect(problems(primaryWeb(webHost(), silent))).toEqual([
      {
        code: "web-down",
        what: "the web host w2 can't be asked: no answer within 5 s",
        next: look("primary/web-2"),
      },
    ]);
  });
});

describe("services", () => {
  const down = { http: { live: false, ready: false, active: false } };

  test("one that does not run is told of its host, though others do its work, and started by the named command", () => {
    const idle = webHost({ host: "w2", stopped: ["nginx.service"] });
    expect(problems(primaryWeb(webHost(), idle))).toEqual([
      {
        code: "service-stopped",
        what: "nginx.service does not run on w2",
        next: restart("primary/web-2", "nginx.service"),
      },
    ]);
  });

  test("an address that does not answer is traced to the host: a silent one, a stopped service, else the balancer", () => {
    const silent = webHost({ gate: null, why: "no answer" });
    const idle = webHost({ stopped: ["php8.4-fpm.service"] });
    const address = (...web: WebObservation[]) => next(withRegion("primary", { ...down, web }));
    expect(address(webHost(), silent)).toBe(look("primary/web-2"));
    expect(address(idle)).toBe(restart("primary/web-1", "php8.4-fpm.service"));
    expect(address(webHost())).toBe(restart("primary/gateway", "haproxy"));
  });

  test("a web tier that is not ready is told in its own words", () => {
    const change = {
      http: { live: true, ready: false, active: false },
      notReady: ["the uploads cannot be written"],
    };
    expect(problems(withRegion("secondary", change)).map(({ what }) => what)).toEqual([
      "the web tier of secondary is not ready: the uploads cannot be written",
    ]);
    expect(next(withRegion("secondary", change))).toBe(look("secondary/web-1"));
  });

  test("a cache and a store that don't answer are started on their own hosts; a store that is unknown is looked at", () => {
    const endpoint = "https://10.10.0.22:7070";
    expect(next(withRegion("primary", { cache: { reachable: false } }))).toBe(
      restart("primary/cache", "redis-server"),
    );
    const store = (reachable: boolean | null) =>
      next(withRegion("primary", { store: { endpoint, reachable } }));
    expect(store(false)).toBe(restart("primary/store", "evenkeel-store"));
    expect(store(null)).toBe(look("primary/store"));
  });

  test("a web tier that is not ready for the sake of its store alone leaves the remedy to the store", () => {
    const http = { live: true, ready: false, active: false };
    const lacks = (...notReady: string[]) => {
      const store = { endpoint: "https://10.10.0.22:7070", reachable: false };
      return problems(withRegion("secondary", { http, notReady, store })).map(({ next }) => next);
    };
    const started = restart("secondary/store", "evenkeel-store");
    expect(lacks("the object store does not answer")).toEqual([null, started]);
    expect(lacks("the disk of the uploads is full")).toEqual([look("secondary/web-1"), started]);
    expect(lacks("the object store does not answer", "the uploads cannot be written")).toEqual([
      look("secondary/web-1"),
      started,
    ]);
  });

  test("a region without a cache, and a web tier that does not tell of it, are no cache that is down", () => {
    expect(codes(withRegion("primary", { cache: null }))).toEqual([]);
    expect(codes(withRegion("primary", { cache: { reachable: null } }))).toEqual([]);
  });

  test("a stack whose machines are gone or stopped is mended by provision before anything on them", () => {
    const gone = { id: "primary/cache", name: "c", stack: "primary", urn: "u", state: "stopped" } as const;
    const site = withRegion("primary", { cache: { reachable: false } });
    const all = problems({ ...site, machines: [gone] });
    expect(all.map(({ next }) => next)).toEqual(["npx evenkeel provision", "npx evenkeel provision"]);
  });
});

test("uploads whose volume is not mounted are told of each host, and mounted by the command that is named", () => {
  const web = (uploadsThere: boolean | null) => primaryWeb(webHost(), webHost({ uploadsThere }));
  expect(codes(web(null))).toEqual([]);
  expect(problems(web(false))).toMatchObject([
    {
      code: "uploads-missing",
      next: "npx evenkeel ssh primary/web-2 -- sudo systemctl start mnt-wp_uploads.mount",
    },
  ]);
});

test("a site whose web tier is well has no problem", () => {
  expect(codes(healthySite())).toEqual([]);
});
