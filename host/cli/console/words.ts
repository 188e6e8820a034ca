// The names of the console's commands, apart from their code, which the command line need not load to know them.

export const consoleWords = ["hello", "stats", "memory", "self-test", "reset", "erase"] as const;
export type ConsoleWord = (typeof consoleWords)[number];
