import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "../../..");
const program = join(root, "components/host/files/php/pool-size");

/** What the program reckons for a memory in MiB and given settings. */
function reckoned(memory: number, given: Record<string, number> = {}) {
  const code = `
import json, sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
loader = SourceFileLoader("pool_size", sys.argv[1])
module = module_from_spec(spec_from_loader("pool_size", loader))
loader.exec_module(module)
memory, given = int(sys.argv[2]), json.loads(sys.argv[3])
found = module.sizes(memory, given)
print(json.dumps([found, module.warning(memory, found["maxChildren"])]))`;
  const argv = ["-I", "-B", "-c", code, program, String(memory), JSON.stringify(given)];
  const printed = execFileSync("python3", argv, { encoding: "utf8" });
  const [sizes, warning] = JSON.parse(printed) as [Record<string, number>, string | null];
  const { maxChildren, startServers, minSpareServers, maxSpareServers } = sizes;
  return { sizes: [maxChildren, startServers, minSpareServers, maxSpareServers], warning };
}

const designed = { maxChildren: 50, startServers: 5, minSpareServers: 2, maxSpareServers: 5 };

describe("[D11] PHP's pool", () => {
  test.each([
    [512, [2, 2, 1, 2]],
    [1024, [2, 2, 1, 2]],
    [2048, [6, 2, 1, 2]],
    [4096, [14, 2, 1, 2]],
    [8192, [30, 3, 1, 3]],
    [65_536, [50, 5, 2, 5]],
  ])("of %d MiB is %j", (memory, sizes) => {
    expect(reckoned(memory).sizes).toEqual(sizes);
  });

  test("docs/architecture.md gives the sizes that these are", () => {
    const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
    const rows = page.slice(page.indexOf("### PHP's pool")).match(/^\| \d+ MiB .*$/gm) ?? [];
    const numbers = rows.map((row) => row.match(/\d+/g)?.map(Number) ?? []);
    expect(numbers.length).toBeGreaterThan(3);
    for (const [memory = 0, ...sizes] of numbers)
      expect([memory, reckoned(memory).sizes]).toEqual([memory, sizes]);
  });

  test("more workers than database and cache have connections for are warned of", () => {
    const { warning } = reckoned(65_536, { ...designed, maxChildren: 51 });
    expect(warning).toBe(
      "php.maxChildren is 51: the region's database and cache take the connections of four web hosts with at most 50 each",
    );
  });

  test("given sizes are kept; those that the memory can't carry are warned of", () => {
    expect(reckoned(65_536, designed)).toEqual({ sizes: [50, 5, 2, 5], warning: null });
    const small = reckoned(4096, designed);
    expect(small.sizes).toEqual([50, 5, 2, 5]);
    expect(small.warning).toMatch(
      /maxChildren is 50: at 256 MiB each they may take 12800 MiB, this host has 4096 MiB; 14 fit/,
    );
  });
});
