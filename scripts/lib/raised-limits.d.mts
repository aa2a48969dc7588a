export const KEPT: Readonly<Record<string, string>>;
export function raised(variables: readonly string[], keepDefault?: readonly string[]): Record<string, string>;
export function raisedLimits(root: string, keepDefault?: readonly string[]): Record<string, string>;
