import { AppError } from '../../../kernel/errors/app-error';
import { answerTasks } from '../../../platform/threads/answer-tasks';
import { inspectApns } from './apns/apns-credential';
import type { ApnsCredentialDto } from './apns/apns-credential.dto';
import type { FcmCredentialDto } from './fcm/fcm-credential.dto';
import { inspectFcm } from './fcm/service-account';
import type { TokenEndpointRules } from './fcm/token-endpoint';
import type { Inspected } from './vendor';

/** An upload with keys in it. */
export type ReadingTask =
  | { readonly provider: 'apns'; readonly upload: ApnsCredentialDto }
  | { readonly provider: 'fcm'; readonly upload: FcmCredentialDto; readonly rules: TokenEndpointRules };

/** What is wrong with an upload: an AppError on its way between threads. */
export type Refusal = Pick<AppError, 'code' | 'extras'>;

const inspect = (task: ReadingTask): Inspected =>
  task.provider === 'apns' ? inspectApns(task.upload) : inspectFcm(task.upload, task.rules);

answerTasks<ReadingTask>(inspect, (error) =>
  error instanceof AppError ? { code: error.code, extras: error.extras } : { message: String(error) },
);
