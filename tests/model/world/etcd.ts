import {
  type Change,
  type Compare,
  type Store,
  sameWriter,
  type transactionOf,
  type Writer,
} from "../../../automation/keeper/store.ts";

/** An etcd that is always itself: what is applied is applied in one order. Whether a message gets there is the world's. */
export class ModelEtcd {
  store: Store;

  private readonly transactionOf: typeof transactionOf;

  constructor(writer: Writer, regions: readonly string[], transaction: typeof transactionOf) {
    this.transactionOf = transaction;
    this.store = {
      revision: 3,
      writer: { value: writer, revision: 1 },
      epoch: writer.epoch,
      sync: { value: { regions, joined: regions.length > 1 }, revision: 2 },
      durability: null,
      paused: false,
    };
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
    if (key === "epoch") return this.store.epoch === value;
    const held = this.store[key];
    if (revision !== null && (held?.revision ?? 0) !== revision) return false;
    return value === null || (key === "writer" && sameWriter(this.store.writer?.value, value as Writer));
  }
}
