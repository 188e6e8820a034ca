// A config's boards in virtual time: how many there are, how fast each is, and the schedule that `ftte sim` and `ftte train --deterministic` share, so that both
// come to the same model.

import { FtteError } from "../errors.ts";
import type { Schedule } from "../fl/schedule.ts";
import { stepsPerSecond } from "../plan/cost.ts";
import { byRareLabels, clientSchedule, clientSpeeds } from "../sim/clients.ts";
import type { ResolvedConfig } from "./config_schema.ts";
import type { FleetPart } from "./setup.ts";

/**
 * The entries of the fleet, dealt out in turn to so many boards, whatever their counts and ports.
 * @param option for messages
 * @throws FtteError "usage" unless it is 1 to 10,000 boards
 */
export function dealFleet(fleet: ResolvedConfig["fleet"], boards: number, option: string): ResolvedConfig["fleet"] {
  if (!Number.isInteger(boards) || boards < 1 || boards > 10_000)
    throw new FtteError("usage", `${option} takes 1 to 10000 boards, not ${boards}`);
  const parts = fleet.map(({ ports: _ports, ...entry }) => ({ ...entry, count: 0 }));
  for (let i = 0; i < boards; i++) parts[i % parts.length]!.count++;
  return parts.filter((part) => part.count > 0);
}

/**
 * The boards, stragglers slowed down as the config says.
 * @param labels of each board's samples; a board of which they are not known counts as one that has nothing rare
 */
export function withStragglers<T extends { speed: number }>(
  config: ResolvedConfig,
  boards: readonly T[],
  labels: readonly ArrayLike<number>[],
): T[] {
  const { rare, ...stragglers } = config.simulation.stragglers;
  const order = byRareLabels(boards.map((_, i) => labels[i] ?? []));
  const slowed = clientSpeeds(boards.length, { ...stragglers, ...(rare && { order }) }, config.seed);
  return boards.map((board, i) => ({ ...board, speed: board.speed * slowed[i]! }));
}

export function scheduleOf(config: ResolvedConfig, parts: readonly FleetPart[]): Schedule {
  const { stepsPerSecond: given, stragglers: _, churn, battery, ...model } = config.simulation;
  const rates = parts.map(({ label, plan }) => [label, given ?? stepsPerSecond(plan)] as const);
  const { checkpointEvery } = config.training;
  const optional = { ...(churn && { churn }), ...(battery && { battery }) };
  const population = { ...model, ...optional, checkpointEvery, stepsPerSecond: new Map(rates) };
  return clientSchedule(population, config.seed);
}
