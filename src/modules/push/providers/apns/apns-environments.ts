/** Apple's two: builds from a store, and builds from Xcode. */
export const ENVIRONMENTS = ['production', 'development'] as const;
export type ApnsEnvironment = (typeof ENVIRONMENTS)[number];
