// A process that runs cells, one per message.

import { type CellOrder, runCell } from "./run_cell.ts";

process.on("message", (order: CellOrder) => {
  runCell(order).then(
    (result) => process.send!({ result }),
    (error) => process.send!({ error: String(error?.stack ?? error) }),
  );
});
