// Updates that nobody trained, for rows that measure what the host does with them: valid, small, all alike but for their header.

import { eachRow, rowsBytes } from "../../../host/plan/slice.ts";
import type { Plan } from "../../../host/plan/types.ts";
import type { BoardUpdate } from "../../../host/sim/board_task.ts";
import { encodeUpdateHeader, RowEncoding, type UpdateHeader, UpdateHeaderBytes } from "../../../host/wire/spec.gen.ts";

export class MadeUpUpdates {
  private readonly rows: Uint8Array;
  private readonly header: Omit<UpdateHeader, "run" | "task" | "baseVersion">;

  constructor(plan: Plan, steps: number) {
    this.rows = new Uint8Array(rowsBytes(plan)).fill(3);
    const view = new DataView(this.rows.buffer);
    let rows = 0;
    eachRow(plan, (_first, _elements, byte) => {
      rows++;
      view.setFloat32(byte, 1e-6, true); // the row's scale
    });
    const { planCrc, sliceCount: count } = plan;
    this.header = { planCrc, samples: 1, steps, lossFirst: 1, lossLast: 1, rows, count, encoding: RowEncoding.int8 };
  }

  /** In a buffer of its own, as from a board. */
  of({ run, task, baseVersion }: Pick<UpdateHeader, "run" | "task" | "baseVersion">): BoardUpdate {
    const bytes = new Uint8Array(UpdateHeaderBytes + this.rows.length);
    bytes.set(encodeUpdateHeader({ ...this.header, run, task, baseVersion }));
    bytes.set(this.rows, UpdateHeaderBytes);
    return { bytes };
  }
}
