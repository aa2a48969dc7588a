import { ok } from '../http';
import type { TestApp } from './tenants';

export interface TestChatroom {
  chatroomId: string;
  conversationId: string;
}

/** A room of the app, created by its server. */
export async function aChatroom(app: TestApp, settings: object = {}): Promise<TestChatroom> {
  const made = await ok(app.api.post('/v1/chatrooms', { name: 'A room', ...settings }));
  return { chatroomId: String(made.chatroomId), conversationId: String(made.conversationId) };
}
