import { delimiter } from "node:path";

/** Where this clone, its npm or a tool of this user keeps something, or what it was told by them. */
const own = [
  /^npm_/i,
  /^(EVENKEEL|PULUMI)_/,
  /^XDG_(CACHE|CONFIG|DATA|STATE)_HOME$/,
  /^(GOPATH|GOBIN|GOCACHE|GOMODCACHE|GOENV)$/,
  /^(INIT_CWD|NODE|NODE_OPTIONS|NODE_PATH|NODE_COMPILE_CACHE)$/,
];
/** How this machine gets out stays: without it a newcomer here would not get anything either. */
const wayOut = /^npm_config_(registry|cafile|proxy|https_proxy|noproxy)$/i;

/**
 * The environment of someone who has just logged in, with `home` for a home: all that `npm run` and the launcher added
 * is left out, and so is every variable that would lead to a cache of somebody else's. Pure.
 */
export function newcomerEnvironment(env: NodeJS.ProcessEnv, home: string): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || (!wayOut.test(name) && own.some((one) => one.test(name)))) return [];
    return [[name, value] as const];
  });
  const path = (env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !/(^|\/)node_modules\/\.bin\/?$|\/node-gyp-bin\/?$/.test(folder));
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), HOME: home };
}
