/** The app server's side of the public API, as far as load needs it: users and their tokens, in bulk. */

const USERS_A_CALL = 100;
const CALLS_AT_ONCE = 32;

/** @typedef {{ userId: string, token: string }} LoadUser */

export class AppServer {
  /** @param {{ url: string, appId: string, appSecret: string }} app */
  constructor({ url, appId, appSecret }) {
    this.url = url.replace(/\/$/, '');
    this.appId = appId;
    this.authorization = `Basic ${Buffer.from(`${appId}:${appSecret}`).toString('base64')}`;
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  async call(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        authorization: this.authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text.slice(0, 300)}`);
    return text ? JSON.parse(text) : undefined;
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
