/** Where class-transformer keeps what `@Type` said; its package has types for it, but not at the path that runs. */
declare module 'class-transformer/cjs/storage.js' {
  interface TypeMetadata {
    typeFunction(): unknown;
  }
  export const defaultMetadataStorage: import('class-transformer/types/MetadataStorage').MetadataStorage & {
    findTypeMetadata(target: object, property: string): TypeMetadata | undefined;
  };
}
