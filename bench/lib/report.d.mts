export interface Measured {
  id: string;
  value: number;
  details: Record<string, number>;
  discarded: number;
  trusted: boolean;
}
export interface Skipped {
  id: string;
  skipped: string;
}
export interface Run {
  machine: { cpu: string; cores: number; memoryGiB: number; os: string; node: string; date: string };
  commit: string;
  quick: boolean;
  figures: (Measured | Skipped)[];
  account?: { rows: number; acknowledged: number };
}
export interface JsonFigure {
  value: number;
  floor: number;
  goal: number;
  better: 'higher' | 'lower';
  against: string;
  unit: string;
}
export interface JsonReport {
  machine: Run['machine'];
  commit: string;
  quick: boolean;
  results: Record<string, JsonFigure>;
  details: Record<string, Record<string, number | boolean>>;
  skipped: Record<string, string>;
  account?: { rows: number; acknowledged: number; equal: boolean };
}
export function readable(value: number): string;
export function toJson(run: Run): JsonReport;
export function toTable(run: Run): string;
