import {
  type Change,
  type Compare,
  type Store,
  sameWriter,
  type transactionOf,
  type Writer,
} from "../../../automation/keeper/store.ts";

const empty: Store = {
  revision: 1,
  writer: null,
  epoch: 0,
  sync: null,
  durability: null,
  paused: false,
};

/** An etcd that is always itself: what is applied is applied in one order. Whether a message gets there is the world's. */
export class ModelEtcd {
  store: Store;
  /** Another one each time that etcd is made anew. */
  history = 1;

  private readonly transactionOf: typeof transactionOf;

  constructor(transaction: typeof transactionOf) {
    this.transactionOf = transaction;
    this.store = empty;
  }

  /** A site that was founded a while ago, with these in `sync`. */
  begin(writer: Writer, regions: readonly string[]): void {
    this.store = {
      ...empty,
      revision: 1000,
      writer: { value: writer, revision: 998 },
      epoch: writer.epoch,
      sync: { value: { regions, joined: regions.length > 1 }, revision: 999 },
    };
  }

  /** All members were lost, with all that they knew. Revisions begin at one. */
  makeAnew(): void {
    this.store = empty;
    this.history += 1;
  }

  /** By an operator. */
  set(change: Partial<Pick<Store, "durability" | "paused">>): void {
    this.store = { ...this.store, ...change, revision: this.store.revision + 1 };
  }

  /** Applies the change, or refuses it by what it compares. */
  apply(change: Change): boolean {
    const { compares, puts } = this.transactionOf(change);
    if (!compares.every((one) => this.holds(one))) return false;
    const revision = this.store.revision + 1;
    const next: Store = { ...this.store, revision };
    for (const put of puts) {
      if (put.key === "epoch") next.epoch = put.value;
      else if (put.key === "sync") next.sync = { value: put.value, revision };
      else if (put.key === "durability") next.durability = put.value;
      else next.writer = put.value === null ? null : { value: put.value, revision };
    }
    this.store = next;
    return true;
  }

  private holds({ key, value, revision }: Compare): boolean {
    // A revision of it is compared only where it is to be absent.
    if (key === "epoch") return this.store.epoch === (revision === 0 ? 0 : value);
    const held = this.store[key];
    if (revision !== null && (held?.revision ?? 0) !== revision) return false;
    return value === null || (key === "writer" && sameWriter(this.store.writer?.value, value as Writer));
  }
}
