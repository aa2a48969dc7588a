import { SetMetadata } from '@nestjs/common';
import type { CallerKind } from '../../kernel/caller';

export const ALLOW = 'parley:allow';

/**
 * Who may call a route. Every route must carry it, or the process does not start: nothing is open by forgetting.
 * `anyone` needs no credential.
 */
export const Allow = (...kinds: (CallerKind | 'anyone')[]) => SetMetadata(ALLOW, kinds);
