import type { Options } from '@swc/core';

export const TYPESCRIPT: Options;
