/** An answer's body where a test does not say its type: any field may be read, and is a body again. */
export interface Body {
  [field: string]: Body;
  [index: number]: Body;
}

/** Who calls. */
export type Credential = { basic: [name: string, secret: string]; appId?: string } | { bearer: string };

export interface Answer<T = Body> {
  status: number;
  body: T;
  headers: Headers;
}

export interface Call {
  /** As the others do, whatever the method. */
  send<T = Body>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>;
  get<T = Body>(path: string, headers?: Record<string, string>): Promise<Answer<T>>;
  post<T = Body>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>;
  put<T = Body>(path: string, body?: unknown): Promise<Answer<T>>;
  patch<T = Body>(path: string, body?: unknown): Promise<Answer<T>>;
  delete<T = Body>(path: string, body?: unknown): Promise<Answer<T>>;
}

export interface Api extends Call {
  /** The same calls with a credential: `api.as(app).post('/v1/users', { userId: 'ann' })`. */
  as(credential: Credential): Call;
}

/** A server that can be called, in this process or another. */
export interface Door {
  /** http://127.0.0.1:port */
  url: string;
  api: Api;
}

const headersOf = (credential?: Credential): Record<string, string> => {
  if (!credential) return {};
  if ('bearer' in credential) return { authorization: `Bearer ${credential.bearer}` };
  const [name, secret] = credential.basic;
  return {
    authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
    ...(credential.appId && { 'x-app-id': credential.appId }),
  };
};

/** REST as clients speak it, over the wire. */
export function http(url: string): Api {
  const calls = (credential?: Credential): Call => {
    const send = async <T>(
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answer<T>> => {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...headersOf(credential),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const json = response.headers.get('content-type')?.includes('json') === true && text !== '';
      return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as T };
    };
    return {
      send,
      get: (path, headers) => send('GET', path, undefined, headers),
      post: (path, body, headers) => send('POST', path, body, headers),
      put: (path, body) => send('PUT', path, body),
      patch: (path, body) => send('PATCH', path, body),
      delete: (path, body) => send('DELETE', path, body),
    };
  };
  return { ...calls(), as: calls };
}

/** The body of a call that must succeed; else an error that shows what came instead. */
export async function ok<T = Body>(answer: Promise<Answer<T>>): Promise<T> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`expected success, got ${status}: ${JSON.stringify(body)}`);
  return body;
}
