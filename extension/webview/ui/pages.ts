// Rows of a long list, fetched in pages as they scroll into view. Only a few pages are kept.

export const PAGE_ROWS = 200;
const KEPT_PAGES = 6;

export interface Page<R> {
  matched_rows: number;
  rows: R[];
}

export class Pages<R, P extends Page<R>> {
  /** By page number; a Map keeps the order of insertion, so the first is the one longest unused. */
  private readonly pages = new Map<number, P>();
  private readonly pending = new Set<number>();
  /** Any page: what they all say (totals, number of rows). */
  head: P | null = null;
  error: string | null = null;
  private closed = false;

  constructor(
    private readonly fetch: (offset: number, limit: number) => Promise<P>,
    private readonly changed: () => void,
  ) {}

  /** Answers that still come in are dropped. */
  close(): void {
    this.closed = true;
  }

  row(index: number): R | undefined {
    return this.pages.get(Math.floor(index / PAGE_ROWS))?.rows[index % PAGE_ROWS];
  }

  /** Sees to it that rows `from` to `to` (exclusive) are there or on their way. */
  want(from: number, to: number): void {
    if (this.error !== null) return;
    for (let n = Math.floor(from / PAGE_ROWS); n * PAGE_ROWS < Math.max(to, 1); n++) {
      const page = this.pages.get(n);
      if (page) {
        this.pages.delete(n);
        this.pages.set(n, page);
      } else if (!this.pending.has(n) && (!this.head || n * PAGE_ROWS < this.head.matched_rows)) {
        this.load(n);
      }
    }
  }

  retry(): void {
    this.error = null;
    this.changed();
  }

  private load(n: number): void {
    this.pending.add(n);
    this.fetch(n * PAGE_ROWS, PAGE_ROWS).then(
      (page) => {
        this.pending.delete(n);
        if (this.closed) return;
        this.head = page;
        this.pages.set(n, page);
        for (const oldest of this.pages.keys()) {
          if (this.pages.size <= KEPT_PAGES) break;
          this.pages.delete(oldest);
        }
        this.changed();
      },
      (error: unknown) => {
        this.pending.delete(n);
        if (this.closed) return;
        this.error = error instanceof Error ? error.message : String(error);
        this.changed();
      },
    );
  }
}
