import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallerRequest } from '../current-caller.decorator';

/** The status of an answer, where it depends on the answer. */
export type StatusFrom = (body: unknown) => number;

/** A request as the door hands it on: `id` is its trace id. */
export type HttpRequest = FastifyRequest & CallerRequest;
export type HttpReply = FastifyReply & { statusFrom?: StatusFrom };
