import { afterAll, beforeAll, jest } from "@jest/globals";
import { type ScratchHost, scratchHost } from "./support/scratch-host.ts";
import { layWebFiles, webHost, webPackages } from "./support/web-host.ts";
import { dropInTests } from "./web/drop-in.ts";
import { evenkeelWebTests } from "./web/evenkeel-web.ts";
import { installCoreTests } from "./web/install-core.ts";
import { keeperTests } from "./web/keeper.ts";
import { leaseTests } from "./web/lease.ts";
import { nginxTests } from "./web/nginx.ts";
import { phpTests } from "./web/php.ts";
import { programTests } from "./web/programs.ts";
import { roleTests } from "./web/role.ts";

/**
 * The files of a web host on a host without network, and but for one chapter without our pool of PHP-FPM. To make it takes longer than most chapters
 * do, so they share one and follow each other: epochs only grow, and the last chapter moves the web root.
 */
let host: ScratchHost;
const web = webHost(() => host);
jest.setTimeout(60_000);

beforeAll(async () => {
  host = await scratchHost("web", webPackages);
  await layWebFiles(host);
}, 240_000);

afterAll(() => host?.remove());

programTests(web);
roleTests(web);
nginxTests(web);
phpTests(web);
evenkeelWebTests(web);
keeperTests(web);
leaseTests(web);
dropInTests(web);
installCoreTests(web);
