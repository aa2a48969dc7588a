import { invalid } from '../../../../kernel/errors/app-error';
import { PROBLEMS, readPrivateKey } from '../private-key';
import type { Inspected } from '../vendor';
import type { FcmCredentialDto } from './fcm-credential.dto';
import { GOOGLE_TOKEN_URI, tokenEndpoint, type TokenEndpointRules } from './token-endpoint';

/** The fields of a service account that are used; kept so. */
export interface ServiceAccount {
  projectId: string;
  clientEmail: string;
  privateKey: string;
  privateKeyId?: string;
  tokenUri: string;
}

const LENGTH_MAX = 8192;
const PROJECT_ID = /^[a-z0-9][a-z0-9.:-]{0,126}$/;
const EMAIL = /^[^\s@]+@[^\s@]+$/;
const RSA_BITS_MIN = 2048;

const field = (name: string): string => `serviceAccount.${name}`;

function text(account: Record<string, unknown>, name: string): string {
  const value = account[name];
  if (typeof value !== 'string' || value === '') {
    throw invalid(field(name), `The file of a service account has a text ${name}; here it is missing.`);
  }
  if (value.length > LENGTH_MAX) throw invalid(field(name), 'This is too long to be from Google.');
  return value;
}

/** @throws AppError INVALID_REQUEST naming the field of the file that is not as Google writes it */
export function inspectFcm({ serviceAccount }: FcmCredentialDto, rules: TokenEndpointRules): Inspected {
  const account = readServiceAccount(serviceAccount, rules);
  const { projectId, clientEmail, tokenUri } = account;
  return { content: { ...account }, found: { projectId, clientEmail, tokenUri } };
}

/** @throws AppError INVALID_REQUEST naming the field of the file that is not as Google writes it */
export function readServiceAccount(account: Record<string, unknown>, rules: TokenEndpointRules): ServiceAccount {
  if (account.type !== undefined && account.type !== 'service_account') {
    throw invalid(
      field('type'),
      "This is a file of another sort: what is needed is a service account's, whose type is service_account.",
    );
  }
  const projectId = text(account, 'project_id');
  if (!PROJECT_ID.test(projectId)) throw invalid(field('project_id'), 'This is no project id.');
  const clientEmail = text(account, 'client_email');
  if (!EMAIL.test(clientEmail)) throw invalid(field('client_email'), 'This is no e-mail address.');
  const privateKey = text(account, 'private_key');
  assertRsa(privateKey);
  const tokenUri = account.token_uri === undefined ? GOOGLE_TOKEN_URI : text(account, 'token_uri');
  const endpoint = tokenEndpoint(tokenUri, rules);
  if (typeof endpoint === 'string') throw invalid(field('token_uri'), endpoint);
  const privateKeyId = account.private_key_id === undefined ? undefined : text(account, 'private_key_id');
  return { projectId, clientEmail, privateKey, tokenUri, ...(privateKeyId !== undefined && { privateKeyId }) };
}

function assertRsa(pem: string): void {
  const key = readPrivateKey(pem);
  if (typeof key === 'string') {
    const why = 'This is no private key in PEM. Was the file changed, or its line ends lost?';
    throw invalid(field('private_key'), key === 'unreadable' ? why : PROBLEMS[key]);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < RSA_BITS_MIN) {
    throw invalid(field('private_key'), `Google's keys are RSA of ${RSA_BITS_MIN} bits or more; this is none.`);
  }
}
