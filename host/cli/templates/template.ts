// What a project begins with, by kind: its config, what its README says, and recordings to try it with.

export interface Template {
  /** ftte.config.ts. */
  config(name: string): string;
  /** What its README says after the first lines. */
  readme: string;
  /** recordings.csv, for those that learn from recordings. */
  recordings?: () => string;
}

/** What the READMEs of projects with a sensor say of it. */
export const onAWrist = (board: string, label: string) => `## On a wrist

    npx ftte flash --board ${board}             # builds the firmware and writes it
    npx ftte boards                                          # its chip id; "ftte boards name <id> wrist-01" names it
    npx ftte data capture wrist-01 --label ${label} --seconds 60    # the samples stay on the board
    npx ftte data list wrist-01

Capture each label in turn, on each board. Then name the boards in the fleet of ftte.config.ts, \`{ board: "${board}", ports: ["/dev/ttyACM0"] }\`,
and train. Labels are those of recordings.csv, which stays the host's own data: for the first model and to measure on. Put recordings of
your own there. Sensors, pins and settings: docs/sensors.md and the board's file in board-configs/.

recordings.csv as it is was made up by a program: it shows that everything runs, and measures nothing.
`;
