import { readConfig, wantsDropIn } from "./components/config.ts";
import { LabGlobal } from "./components/global/lab.ts";
import {
  readCore,
  readDropIn,
  readKeeperNode,
  readPorts,
  readStore,
  siteFile,
} from "./components/lab/site-files.ts";
import { LabRegion } from "./components/region/lab.ts";
import { readSecrets } from "./components/secrets.ts";

const { config, stack, secretDocument } = await readConfig();
const secrets = readSecrets(secretDocument, siteFile(config.site, "secrets.json"));

/** A stack is a place: `global` joins the regions, every other stack is one of them. */
function build() {
  const store = config.objectStore === "none" ? null : readStore(config.site);
  const dropIn = wantsDropIn(config) ? readDropIn(config.site) : null;
  const access = {
    secrets,
    ports: readPorts(config.site),
    core: readCore(config.site),
    keeperNode: readKeeperNode(config.site),
    store,
    dropIn,
  };
  if (stack === "global") return new LabGlobal("global", { config, access }).outputs;
  const plan = config.regionPlans.find(({ name }) => name === stack);
  if (plan === undefined) {
    throw new Error(
      `the stack ${stack} is neither global nor one of evenkeel:regions (${config.regions.join(", ")})`,
    );
  }
  return new LabRegion(stack, { config, plan, access }).outputs;
}

export const outputs = build();
