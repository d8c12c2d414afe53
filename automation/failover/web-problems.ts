import type { DatabaseFacts, RegionObservation, WebObservation } from "./observation.ts";
import { type Context, mendOr, type Problem } from "./problem.ts";

/** What is wrong with the web tier of a region that is built: its address, and the gate of each of its hosts. */
export function webProblems(region: RegionObservation, context: Context): Problem[] {
  // The gate of a writer that may not be is rightly closed.
  const active = context.writers.rightful === region.name;
  const problems = [
    ...addressProblems(region, context),
    ...gateProblems(region, active, context),
    ...serviceProblems(region, context),
    ...storeProblems(region, context),
    ...cacheProblems(region, context),
    ...uploadsProblems(region, context),
  ];
  if (problems.length === 0 && active && region.http.active !== true) {
    const what = `${region.name} is active but /evenkeel/active says it is not`;
    problems.push({ code: "web-down", what, next: context.commands.provision });
  }
  return problems;
}

function serving(facts: DatabaseFacts | null): boolean {
  return facts?.running === true && (facts.role === "active" || facts.role === "standby");
}

function addressProblems(
  { name, url, http, notReady, web, database, store }: RegionObservation,
  context: Context,
): Problem[] {
  if (http.live !== true) {
    const what = `the web tier of ${name} does not answer at ${url}`;
    // Web hosts that answer and run their services leave the balancer in front of them.
    const command = webCommand(name, web, context) ?? context.commands.restart(`${name}/gateway`, "haproxy");
    return [{ code: "web-down", what, next: mendOr(context, name, command) }];
  }
  if (http.ready === true) return [];
  const why = notReady.length === 0 ? "reaches no database" : `is not ready: ${notReady.join(", ")}`;
  const what = `the web tier of ${name} ${why}`;
  const own = webCommand(name, web, context);
  // A database that serves nobody, or a store that does not answer, is told by itself, with what mends it.
  const isOfStore = (reason: string) => reason.includes("object store");
  const isStoreAlone = own === null && notReady.every(isOfStore) && store?.reachable === false;
  if (!serving(database.facts) || isStoreAlone) return [{ code: "web-down", what, next: null }];
  const command = own ?? context.commands.look(`${name}/web-1`);
  return [{ code: "web-down", what, next: mendOr(context, name, command) }];
}

/** What to run on the first web host that can't be asked or misses a service; null where there is none. */
function webCommand(name: string, web: readonly WebObservation[], { commands }: Context): string | null {
  const index = web.findIndex(({ gate, stopped }) => gate === null || stopped.length > 0);
  const [unit] = web[index]?.stopped ?? [];
  if (index === -1) return null;
  const host = webHost(name, index);
  return unit === undefined ? commands.look(host) : commands.restart(host, unit);
}

function webHost(name: string, index: number): string {
  return `${name}/web-${index + 1}`;
}

/** Services that were stopped by hand, or have failed: behind a balancer, the others do this host's work. */
function serviceProblems({ name, web }: RegionObservation, { commands }: Context): Problem[] {
  return web.flatMap(({ host, stopped }, index) =>
    stopped.map((unit): Problem => {
      const next = commands.restart(webHost(name, index), unit);
      return { code: "service-stopped", what: `${unit} does not run on ${host}`, next };
    }),
  );
}

function storeProblems({ name, store }: RegionObservation, context: Context): Problem[] {
  if (store === null || store.reachable === true) return [];
  // A gateway that can't be asked is told by its region's address.
  const { commands } = context;
  const host = `${name}/store`;
  const [what, command] =
    store.reachable === false
      ? [
          `the object store of ${name} does not answer at ${store.endpoint}`,
          commands.restart(host, "evenkeel-store"),
        ]
      : [`whether the object store of ${name} answers is not known`, commands.look(host)];
  return [{ code: "store-down", what, next: mendOr(context, name, command) }];
}

/** A web tier that says nothing is told by itself. */
function cacheProblems({ name, cache }: RegionObservation, context: Context): Problem[] {
  if (cache?.reachable !== false) return [];
  const what = `the object cache of ${name} does not answer: its pages are made without it`;
  const command = context.commands.restart(`${name}/cache`, "redis-server");
  return [{ code: "cache-down", what, next: mendOr(context, name, command) }];
}

function uploadsProblems({ name, web }: RegionObservation, { commands }: Context): Problem[] {
  return web.flatMap(({ host, uploadsThere }, index): Problem[] => {
    if (uploadsThere !== false) return [];
    const what = `the volume of the uploads is not mounted on ${host}: uploads are refused there`;
    return [{ code: "uploads-missing", what, next: commands.mountUploads(webHost(name, index)) }];
  });
}

function gateProblems({ name, web }: RegionObservation, active: boolean, context: Context): Problem[] {
  return web.flatMap(({ host, gate, cron, why }, index): Problem[] => {
    if (gate === null) {
      const next = mendOr(context, name, context.commands.look(webHost(name, index)));
      return [{ code: "web-down", what: `the web host ${host} can't be asked: ${why}`, next }];
    }
    if ((gate === "open") === active)
      return active && cron === "inactive" ? [cronStopped(host, context)] : [];
    const what = `the gate of ${host} is ${gate} although ${name} is ${active ? "active" : "not active"}`;
    return [{ code: "gate-wrong", what, next: context.commands.provision }];
  });
}

/** The gate is open, and yet no scheduled post appears: settling the gate starts the timer again. */
function cronStopped(host: string, { commands }: Context): Problem {
  return {
    code: "cron-stopped",
    what: `the scheduled tasks of ${host} do not run`,
    next: commands.provision,
  };
}
