// The templates by name.

import { anomaly } from "./anomaly.ts";
import { digits } from "./digits.ts";
import { ecg } from "./ecg.ts";
import { motion } from "./motion.ts";
import type { Template } from "./template.ts";

export const templates: Readonly<Record<"digits" | "motion" | "ecg" | "anomaly", Template>> = {
  digits,
  motion,
  ecg,
  anomaly,
};

export type TemplateName = keyof typeof templates;
