import { http, type Credential } from '../http';

interface Told {
  code?: string;
  field?: string;
  message?: string;
}

export interface Refusal {
  status: number;
  told: Told;
  /** What is wrong with it as a refusal of bad input; undefined when nothing is. */
  fault?: string;
}

/** What only the inside knows. */
const INSIDE =
  /\bER_|SQL|select .+ from|insert into|mariadb|mysql|node_modules|\bat .+\.[jt]s:\d|TypeError|RangeError/i;
const REFUSED = ['INVALID_REQUEST', 'TOO_LARGE', 'BLANK_MESSAGE'];

/** Calls with what should be refused, and judges the refusal: 4xx, our shape, the field named, nothing of the inside. */
export async function refusal(
  url: string,
  method: string,
  path: string,
  credential: Credential | undefined,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Refusal> {
  const api = http(url);
  const { status, body: answer } = await (credential ? api.as(credential) : api).send(method, path, body, headers);
  const { error: told = {} } = (answer ?? {}) as { error?: Told };
  const text = JSON.stringify(answer);
  const rules: [boolean, string][] = [
    [status === 400 || status === 413, `answered ${status}`],
    [REFUSED.includes(told.code ?? ''), `the code is ${told.code}`],
    [typeof told.field === 'string' && told.field !== '', 'names no field'],
    [!INSIDE.test(text), 'tells of the inside'],
  ];
  const broken = rules.filter(([holds]) => !holds).map(([, says]) => says);
  return { status, told, ...(broken.length > 0 && { fault: `${broken.join(', ')}: ${text.slice(0, 200)}` }) };
}
