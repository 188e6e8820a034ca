// What arrives on a pipe before anybody listens is kept, and handed over to the first listener.

export class Arriving {
  private kept: Uint8Array[] = [];
  private listener: ((bytes: Uint8Array) => void) | undefined;

  take(bytes: Uint8Array): void {
    if (this.listener) this.listener(bytes);
    else this.kept.push(bytes);
  }

  listen(listener: (bytes: Uint8Array) => void): void {
    this.listener = listener;
    const kept = this.kept;
    this.kept = [];
    for (const bytes of kept) listener(bytes);
  }
}
