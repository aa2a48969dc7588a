import { ok } from '../http';
import type { TestApp } from './tenants';
import type { ConnectedUser } from './users';

export interface TestGroup {
  groupId: string;
  conversationId: string;
}

/** A group of these users, the first of whom owns it; private unless told otherwise. */
export async function aGroup(
  app: TestApp,
  [owner, ...members]: readonly Pick<ConnectedUser, 'userId'>[],
  settings: object = {},
): Promise<TestGroup> {
  const made = await ok(
    app.api.post('/v1/groups', {
      name: 'A group',
      visibility: 'private',
      owner: owner?.userId,
      members: members.map(({ userId }) => userId),
      ...settings,
    }),
  );
  return { groupId: String(made.groupId), conversationId: String(made.conversationId) };
}
