import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Caller } from '../../kernel/caller';

/** A request whose caller the guard has proved. */
export interface CallerRequest {
  caller?: Caller;
}

/** The proved caller: `send(@CurrentCaller() caller: TenantCaller, @Body() command: SendMessageDto)`. */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<CallerRequest>().caller,
);
