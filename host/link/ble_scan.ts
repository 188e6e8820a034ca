// Which boards are heard over BLE: who advertises the Nordic UART Service. Connects to none; who they are is for whoever asks them.

import { setTimeout } from "node:timers/promises";
import { bleAddress } from "./ble_address.ts";
import { acquireRadio } from "./ble_radio.ts";
import type { PortCandidate } from "./ports.ts";

/**
 * Listens for so long; boards that are connected to another host, or asleep, are not heard.
 * @throws FtteError "radio-absent", "radio-off" or "port-forbidden"
 */
export async function listenForBoards(ms: number): Promise<PortCandidate[]> {
  const heard = new Map<string, PortCandidate>();
  const radio = await acquireRadio();
  const stop = radio.listen(({ id, rssi, advertisement: { localName } }) => {
    const name = localName ? { advertised: localName } : {};
    heard.set(id, { address: bleAddress(id), kind: "ble", signal: rssi, ...name });
  });
  try {
    await setTimeout(ms);
    return [...heard.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  } finally {
    stop();
    radio.release();
  }
}
