import type { WireConversation, WireMessage } from './catalogue';
import { isWireError, ParleyError } from './errors';

/** contract.md, `POST /v1/sessions`. */
export interface SessionReply {
  token: string;
  expiresAt: string;
  userId: string;
  sessionId: string;
  /** Further addresses of the same service, to be tried when the first is away. */
  endpoints: string[];
  /** The longest frame that the server takes. */
  frameBytes?: number;
}

export interface ConversationPage {
  items: WireConversation[];
  nextCursor?: string;
}

export interface HistoryPage {
  items: WireMessage[];
  /** The seqs that this page settles, both inclusive; absent when it is empty. */
  covers?: { from: number; to: number };
  /** A page ends where its bytes end as well: there is more while this is there. */
  nextCursor?: string;
}

export interface HistoryQuery {
  /** Exclusive bounds: newest first with `before` or with neither, oldest first with `after`. */
  before?: number;
  after?: number;
  /** ISO 8601. */
  from?: string;
  limit?: number;
  cursor?: string;
}

type Query = Record<string, string | number | undefined>;

const TIMEOUT_MS = 15_000;

/** The REST calls a client needs. */
export class Http {
  constructor(
    private readonly url: string,
    private readonly fetching: typeof fetch = (...args) => globalThis.fetch(...args),
  ) {}

  login(credentials: object): Promise<SessionReply> {
    return this.call('POST', '/v1/sessions', { body: credentials });
  }

  renew(token: string): Promise<SessionReply> {
    return this.call('POST', '/v1/sessions/current/renew', { token, body: {} });
  }

  async logout(token: string): Promise<void> {
    await this.call('DELETE', '/v1/sessions/current', { token });
  }

  conversations(token: string, query: { limit?: number; cursor?: string } = {}): Promise<ConversationPage> {
    return this.call('GET', '/v1/conversations', { token, query });
  }

  conversation(token: string, conversationId: string): Promise<WireConversation> {
    return this.call('GET', `/v1/conversations/${encodeURIComponent(conversationId)}`, { token });
  }

  history(token: string, conversationId: string, query: HistoryQuery = {}): Promise<HistoryPage> {
    const path = `/v1/conversations/${encodeURIComponent(conversationId)}/messages`;
    return this.call('GET', path, { token, query: { ...query } });
  }

  /** Any call; answers the decoded body, undefined when there is none. Throws ParleyError. */
  async call<T>(
    method: string,
    path: string,
    { token, body, query = {} }: { token?: string; body?: object; query?: Query } = {},
  ): Promise<T> {
    const url = new URL(this.url.replace(/\/+$/, '') + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = {};
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    try {
      const response = await this.fetching(url, {
        method,
        headers,
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return decode<T>(response, await response.text());
    } catch (thrown) {
      throw ParleyError.of(thrown);
    }
  }
}

function decode<T>(response: Response, text: string): T {
  const json = parse(text);
  if (response.ok) return json as T;
  const error = typeof json === 'object' && json !== null && 'error' in json ? json.error : undefined;
  if (isWireError(error)) throw ParleyError.fromWire(error);
  // A proxy in between, perhaps: not our server's word, so nothing is definite.
  throw new ParleyError('UNREACHABLE', `The server answered ${response.status}.`, { definite: false });
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ParleyError('UNREACHABLE', 'The answer is not JSON.', { definite: false, cause });
  }
}
