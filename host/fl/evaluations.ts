// Measures model versions beside the loop, one at a time; versions that come meanwhile are skipped, except the newest.

import type { ModelVersion } from "./orders.ts";

export interface Metrics {
  accuracy: number;
  loss: number;
}

export class Evaluations {
  private wanted: ModelVersion | undefined;
  private running: Promise<void> | undefined;
  private error: { cause: unknown } | undefined;

  /**
   * @param measured called with each result; what it throws counts as a failure of the measurement
   * @param failed called once
   */
  constructor(
    private readonly evaluate: (parameters: Float32Array) => Promise<Metrics>,
    private readonly measured: (version: number, metrics: Metrics) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Asks for a measurement of the newest version. */
  request(model: ModelVersion): void {
    this.wanted = model;
    this.running ??= this.work();
  }

  /** Resolves when nothing is left to measure. Rejects with what made a measurement fail. */
  async finished(): Promise<void> {
    await this.running;
    if (this.error) throw this.error.cause;
  }

  private async work(): Promise<void> {
    try {
      while (this.wanted) {
        const { version, parameters } = this.wanted;
        this.wanted = undefined;
        this.measured(version, await this.evaluate(parameters));
      }
    } catch (cause) {
      this.error = { cause };
      this.failed(cause);
    } finally {
      this.running = undefined;
    }
  }
}
