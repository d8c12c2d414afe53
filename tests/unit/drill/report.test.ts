import { describe, expect, test } from "@jest/globals";
import { type DrillDocument, toJson } from "../../../automation/drill/document.ts";
import { figuresOf } from "../../../automation/drill/figures.ts";
import { objectivesOf } from "../../../automation/drill/objectives.ts";
import { drillReport } from "../../../automation/drill/report.ts";
import { made, seen } from "./made.ts";
import { attempts, round } from "./round.ts";

const document = (
  more: Partial<DrillDocument> = {},
  ...rounds: ReturnType<typeof round>[]
): DrillDocument => ({
  ...toJson({
    site: "shop",
    kind: "region",
    engine: "mariadb",
    durability: "bounded",
    limits: { rtoMs: 30_000, rpoRows: 0 },
    rounds: rounds.length === 0 ? [round()] : rounds,
  }),
  ...more,
});
const page = (made: DrillDocument = document()) => drillReport(made, [attempts, attempts]);

describe("the report of a drill", () => {
  test("asks nobody for anything: no script, no link, no picture, no style from elsewhere", () => {
    const html = page();
    expect(html).not.toMatch(/https?:|\/\/[a-z]|<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=/i);
    expect(html).toContain("default-src 'none'");
  });

  test("escapes what it was told, wherever that stands", () => {
    const hostile = `<script>alert("1")</script>'&`;
    const failure = { what: hostile, why: hostile, next: hostile };
    const loss = { text: hostile, document: null };
    const step = { ...round().steps[0], name: hostile, of: hostile, region: hostile, note: hostile };
    const phases = [{ name: hostile, planned: false, fromMs: 5000 }];
    const bad = round({ active: hostile, failure, loss, phases, steps: [step as never] });
    const html = page(document({ site: hostile, engine: hostile }, bad));
    expect(html).not.toContain("<script");
    expect(html).not.toContain(`"1"`);
    expect(html).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;");
  });

  test("shows each figure against its objective, in words too", () => {
    const html = page();
    expect(html).toContain(
      "<b>10.90 s</b><span>RTO of writes, fault (region)</span><span>at most 30.00 s</span>",
    );
    expect(html).toContain("✓ met");
    expect(html).not.toContain("✗");
  });

  test("says missed and not measured apart, and neither as met", () => {
    const { figures } = round();
    const unknown = { ...figures, rpoRows: null };
    const objectives = objectivesOf(unknown, { rtoMs: 100, rpoRows: 0 }, 0);
    const html = page(document({}, round({ objectives })));
    expect(html).toContain("✗ missed");
    expect(html).toContain("<b>unknown</b><span>RPO: acknowledged orders lost</span>");
    expect(html).toContain("✗ not measured");
    expect(html).toContain("✗ objective missed");
  });

  test("draws every kind of answer in a shape of its own, and shades the outage", () => {
    const some = [
      made({ at: 4900 }),
      made({ at: 5500, status: 503 }),
      made({ at: 6000, status: 0 }),
      made({ at: 8000 }),
      made({ at: 8000, status: 200, kind: "read", id: null }),
    ];
    const phases = [{ name: "fault (region)", planned: false, fromMs: 5000 }];
    const figures = figuresOf(seen(some, { phases, endedMs: 8100 }));
    const html = drillReport(document({}, round({ phases, figures })), [some]);
    const path = (name: string) => new RegExp(`<path class="${name}" d="([^"]*)"`).exec(html)?.[1] ?? "";
    expect(path("taken").match(/M/g)).toHaveLength(2);
    expect(path("taken")).toMatch(/h\.01$/);
    expect(path("refused")).toMatch(/z$/);
    expect(path("failed")).toContain("m0-6");
    expect(path("read")).toMatch(/h3$/);
    expect(html.match(/class="band"/g)).toHaveLength(1);
    expect(html).toContain("orders again");
  });

  test("has no band where orders never came back, and says so", () => {
    const some = [made({ at: 4900 })];
    const phases = [{ name: "fault (region)", planned: false, fromMs: 5000 }];
    const figures = figuresOf(seen(some, { phases }));
    const objectives = objectivesOf(figures, { rtoMs: 30_000, rpoRows: 0 }, null);
    const html = drillReport(document({}, round({ phases, figures, objectives })), [some]);
    expect(html).not.toContain('class="band"');
    expect(html).toContain(
      "fault (region): longest time without writes, without reads</td><td>unknown, unknown",
    );
  });

  test("names what stopped it and the command that mends it, with the loss report", () => {
    const failure = { what: "failover secondary failed", why: "no proof", next: "npx evenkeel status" };
    const html = page(document({}, round({ failure, loss: { text: "2 orders", document: {} } })));
    expect(html).toContain("stopped half-way");
    expect(html).toContain("<code>npx evenkeel status</code>");
    expect(html).toContain("<pre>2 orders</pre>");
  });

  test("of several rounds has all side by side, and each by itself", () => {
    const html = page(document({}, round(), round({ round: 2 })));
    expect(html).toContain("<h2>All rounds</h2>");
    expect(html).toContain("<h2>Round 2</h2>");
    expect(page()).not.toContain("All rounds");
  });

  test("of a client that told of nothing says so", () => {
    expect(drillReport(document(), [[]])).toContain("The client told of no request.");
  });
});
