import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Wait } from '../../database/deadlines';
import type { CallerRequest } from '../current-caller.decorator';

/** The status of an answer, where it depends on the answer. */
export type StatusFrom = (body: unknown) => number;

/** A request as the door hands it on: `id` is its trace id; `deadline`, the end of its time. */
export type HttpRequest = FastifyRequest & CallerRequest & { deadline?: Wait | undefined };
export type HttpReply = FastifyReply & { statusFrom?: StatusFrom };
