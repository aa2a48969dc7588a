import { SetMetadata } from '@nestjs/common';

export const STATUS_FROM = 'parley:status-from';
export const OWN_LIMIT = 'parley:own-limit';

/**
 * The status of a route whose success has two: `@StatusFrom((sent: SentMessage) => (sent.duplicate ? 200 : 201))`.
 * Read once; costs one call per answer.
 */
export const StatusFrom = <T>(status: (body: T) => number) => SetMetadata(STATUS_FROM, status);

/** The use case limits its rate itself (sends), or nobody needs to (health): the door counts no call. */
export const OwnLimit = () => SetMetadata(OWN_LIMIT, true);
