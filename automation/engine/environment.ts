import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cacheFolder, cloneRoot, ownFolder, pulumiHomeFolder } from "./cache.ts";
import { pulumiRoot } from "./pulumi-cli.ts";

/**
 * Known to everybody on purpose: the tracked stack files hold a salt for it and no secret, so that any clone can use
 * them. It keeps nothing secret; the lab's state lies beside it, readable by its owner only.
 */
export const labPassphrase = "evenkeel-lab";

/**
 * The variables under which plain `pulumi`, the Automation API and the program run: to be added to the caller's own.
 * What the user set for the backend and the passphrase wins and is left out.
 */
export function engineEnvironment(
  home: string = cloneRoot,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const first = [join(home, "node_modules", ".bin"), join(pulumiRoot(home), "bin")];
  const rest = (env.PATH ?? "").split(":").filter((folder) => folder !== "" && !isOfNpmRun(folder, home));
  const variables: Record<string, string> = {
    PATH: [...first, ...rest.filter((folder) => !first.includes(folder))].join(":"),
    EVENKEEL_HOME: home,
    PULUMI_HOME: pulumiHomeFolder(home),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Node keeps what it compiled: an update that changes nothing takes a third less time.
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? join(cacheFolder(env), "node-compile"),
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  if (!env.PULUMI_BACKEND_URL)
    variables.PULUMI_BACKEND_URL = pathToFileURL(join(ownFolder(home), "state")).href;
  const own = env.PULUMI_CONFIG_PASSPHRASE !== undefined || Boolean(env.PULUMI_CONFIG_PASSPHRASE_FILE);
  if (!own) variables.PULUMI_CONFIG_PASSPHRASE = labPassphrase;
  return variables;
}

/** What npm and npx put on PATH for one command only; it has no business in a shell that lives on. */
function isOfNpmRun(folder: string, home: string): boolean {
  if (folder.includes("/_npx/") || folder.endsWith("/node-gyp-bin")) return true;
  const suffix = "/node_modules/.bin";
  return folder.endsWith(suffix) && `${home}/`.startsWith(`${folder.slice(0, -suffix.length)}/`);
}
