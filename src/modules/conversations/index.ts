export * from './audience';
export * from './audiences';
