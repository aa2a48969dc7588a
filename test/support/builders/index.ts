export * from './tenants';
export * from './users';
export * from './groups';
export * from './chatrooms';
