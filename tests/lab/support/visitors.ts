import { get, type Reply } from "./site.ts";

/** An answer that no visitor should have got: where, when, and who gave it. */
function refusal(path: string, { status, headers, body }: Reply): string {
  const from = headers["x-evenkeel-role"] ?? (body.includes("Back in a moment") ? "balancer" : "unknown");
  return `${status} of ${path} by ${String(from)} at ${new Date().toISOString()}`;
}

/** Between two requests of a visitor: the machine's cores are for the rollout as well. */
const pauseMs = 50;
/** Visitors, readers and writers, until told to stop: every answer is kept, "200" where it is one. */
export function traffic(url: string) {
  return visitors(url, (i) => i % 5 === 4);
}

/** The same without writes. */
export function readers(url: string, count = 2) {
  return visitors(url, () => false, count);
}

function visitors(url: string, isWrite: (request: number) => boolean, count = 2) {
  const answers: string[] = [];
  let stopped = false;
  const visit = async (worker: number) => {
    for (let i = 0; !stopped; i += 1) {
      const writes = isWrite(i);
      try {
        // Wrong on purpose: WordPress answers the form with 200 again. A gate that is closed would say 503.
        const options = writes
          ? {
              method: "POST",
              headers: { "content-type": "application/x-www-form-urlencoded" },
              body: `log=nobody${worker}&pwd=none`,
            }
          : {};
        const path = writes ? "/wp-login.php" : "/";
        const reply = await get(`${url}${path}`, { ...options, timeoutMs: 30_000 });
        answers.push(reply.status === 200 ? "200" : refusal(path, reply));
      } catch (error) {
        answers.push((error as Error).message);
      }
      await new Promise((wake) => setTimeout(wake, pauseMs));
    }
  };
  const workers = Array.from({ length: count }, (_, worker) => visit(worker));
  return async () => {
    stopped = true;
    await Promise.all(workers);
    return answers;
  };
}
