export interface Target {
  what: string;
  floor: number;
  goal: number;
  better: 'higher' | 'lower';
  against: string;
  unit: string;
}
export const TARGETS: Record<string, Target>;
export function reached(value: number, target: Target): 'goal' | 'floor' | 'below';
