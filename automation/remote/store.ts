import type { RemoteCommand } from "./ssh.ts";

/**
 * Asks an object store from a host of its region, with the site's authority. Any answer of S3 counts, a refusal too:
 * no key is needed to know that it is there.
 */
export function storeCommand(endpoint: string, options: { deadlineSeconds: number }): RemoteCommand {
  const asked = `curl -s -o /dev/null -w '%{http_code}' -m "$1" --cacert /etc/evenkeel/tls/ca.pem "$2/" || true`;
  return { argv: ["bash", "-c", asked, "store", String(options.deadlineSeconds), endpoint] };
}

/** What storeCommand's output says; curl prints 000 where nothing answered. */
export function storeSaid(stdout: string): boolean {
  const code = Number(stdout.trim());
  return code >= 200 && code < 500;
}
