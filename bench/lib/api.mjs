/** The app server's side of the public API, as far as load needs it: users and their tokens, in bulk. */

const USERS_A_CALL = 100;
const CALLS_AT_ONCE = 32;
const ATTEMPTS_MAX = 20;

/** @typedef {{ userId: string, token: string }} LoadUser */

export class AppServer {
  /** @param {{ url: string, appId: string, appSecret: string }} app */
  constructor({ url, appId, appSecret }) {
    this.url = url.replace(/\/$/, '');
    this.appId = appId;
    this.authorization = `Basic ${Buffer.from(`${appId}:${appSecret}`).toString('base64')}`;
  }

  /** Waits and repeats where the server says so. @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  async call(method, path, body) {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#once(method, path, body);
      if (answer.ok) return answer.data;
      const waitMs = answer.data?.error?.retryAfterMs;
      if (waitMs === undefined || attempt === ATTEMPTS_MAX)
        throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.data)?.slice(0, 300)}`);
      await new Promise((resolve) => setTimeout(resolve, waitMs + Math.random() * waitMs));
    }
  }

  /** @param {string} method @param {string} path @param {unknown} body */
  async #once(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        authorization: this.authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    let data;
    try {
      data = text ? JSON.parse(text) : undefined;
    } catch {
      // A proxy in between answers with a page.
      data = { text: text.slice(0, 200) };
    }
    return { ok: answer.ok, status: answer.status, data };
  }

  /** Creates users (those that exist already are fine) with a token each. @param {string[]} userIds @returns {Promise<LoadUser[]>} */
  async users(userIds) {
    const calls = [];
    for (let at = 0; at < userIds.length; at += USERS_A_CALL) calls.push(userIds.slice(at, at + USERS_A_CALL));
    await inParallel(calls, 4, async (ids) => {
      const { items } = await this.call(
        'POST',
        '/v1/users',
        ids.map((userId) => ({ userId })),
      );
      const refused = items.find((item) => !item.ok && item.error?.code !== 'ALREADY_EXISTS');
      if (refused) throw new Error(`a user was refused: ${JSON.stringify(refused.error)}`);
    });
    return inParallel(userIds, CALLS_AT_ONCE, async (userId) => {
      const { token } = await this.call('POST', `/v1/users/${userId}/tokens`, {});
      return { userId, token };
    });
  }

  /** A group of these users; the first owns it. @param {string} groupId @param {string[]} userIds */
  async group(groupId, userIds) {
    const [owner] = userIds;
    await this.call('POST', '/v1/groups', { groupId, name: groupId, visibility: 'private', owner, maxMembers: 10_000 });
    for (let at = 1; at < userIds.length; at += USERS_A_CALL)
      await this.call('POST', `/v1/groups/${groupId}/members`, { userIds: userIds.slice(at, at + USERS_A_CALL) });
  }

  /** A room that users may join. @param {string} chatroomId */
  room(chatroomId) {
    return this.call('POST', '/v1/chatrooms', { chatroomId, name: chatroomId });
  }

  /** @param {string[]} userIds */
  removeUsers(userIds) {
    return inParallel(userIds, CALLS_AT_ONCE, (userId) => this.call('DELETE', `/v1/users/${userId}`));
  }
}

/**
 * @template T, R
 * @param {readonly T[]} items @param {number} width @param {(item: T) => Promise<R>} work @returns {Promise<R[]>} in order
 */
export async function inParallel(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
