/** An address with the seconds for which it may be used. */
export interface Resolved {
  address: string;
  ttl: number;
}

/**
 * The site's name as a well-behaved client uses it: asked again when its TTL is over, or when a connection to what it
 * named failed. Where nobody answers, what was known is used on. Pure but for `resolve`; `now` is in milliseconds.
 */
export class PublicName {
  private readonly resolve: () => Promise<readonly Resolved[]>;
  private readonly now: () => number;
  private addresses: readonly string[] = [];
  private untilMs = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | null = null;
  private turn = 0;

  constructor(resolve: () => Promise<readonly Resolved[]>, now: () => number) {
    this.resolve = resolve;
    this.now = now;
  }

  /** The address to ask now; null where the name was never answered. */
  async address(): Promise<string | null> {
    if (this.now() >= this.untilMs) {
      // All connections of a machine wait for one and the same answer.
      this.asking ??= this.ask().finally(() => {
        this.asking = null;
      });
      await this.asking;
    }
    return this.addresses[this.turn % Math.max(1, this.addresses.length)] ?? null;
  }

  /** A connection to `address` failed: the name is asked again, and of several addresses the next one is tried. */
  failed(address: string | null): void {
    if (address !== null && address !== this.addresses[this.turn % Math.max(1, this.addresses.length)])
      return;
    this.untilMs = Number.NEGATIVE_INFINITY;
    this.turn += 1;
  }

  private async ask(): Promise<void> {
    const found = await this.resolve().catch(() => []);
    if (found.length === 0) return;
    const addresses = found.map(({ address }) => address);
    if (addresses.join() !== this.addresses.join()) this.turn = 0;
    this.addresses = addresses;
    this.untilMs = this.now() + Math.min(...found.map(({ ttl }) => ttl)) * 1000;
  }
}
