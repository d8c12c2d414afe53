import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";

const program = join(import.meta.dirname, "../../../components/host/files/php/pool-size");

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

  test("given sizes are kept; those that the memory can't carry are warned of", () => {
    expect(reckoned(65_536, designed)).toEqual({ sizes: [50, 5, 2, 5], warning: null });
    const small = reckoned(4096, designed);
    expect(small.sizes).toEqual([50, 5, 2, 5]);
    expect(small.warning).toMatch(
      /maxChildren is 50: at 256 MiB each they may take 12800 MiB, this host has 4096 MiB; 14 fit/,
    );
  });
});
