import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../../kernel/caller';
import { AppError } from '../../../kernel/errors/app-error';
import { readCursor } from '../../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../../platform/entry/page-query';
import { Pages } from '../../../platform/entry/pages';
import { Users } from '../../accounts';
import { assertManager } from '../rooms/change-scope';
import { SuperAdminsRepository } from './super-admins.repository';

/** Super-admins: users who may do in every room of the app what its server may. */
@Injectable()
export class SuperAdminsService {
  constructor(
    private readonly users: Users,
    private readonly superAdmins: SuperAdminsRepository,
    private readonly pages: Pages,
  ) {}

  async set(caller: TenantCaller, userId: string, superAdmin: boolean): Promise<void> {
    await this.assertMay(caller);
    const user = await this.users.resolve(caller.app, userId);
    if (!user) throw new AppError('USER_NOT_FOUND');
    if (superAdmin) await this.superAdmins.add(caller.app.pk, user.userPk);
    else await this.superAdmins.remove(caller.app.pk, user.userPk);
  }

  async list(caller: TenantCaller, query: PageQuery): Promise<Page<{ userId: string }>> {
    await this.assertMay(caller);
    const [after] = readCursor(query.cursor, 'number') ?? [0];
    const limit = limitOf(query);
    const rows = await this.superAdmins.page(caller.app.pk, after, limit + 1);
    return this.pages.of(
      rows,
      limit,
      ({ userPk }) => [userPk],
      ({ userId }) => ({ userId }),
    );
  }

  private async assertMay(caller: TenantCaller): Promise<void> {
    const may = caller.kind === 'app' || (await this.superAdmins.has(caller.app.pk, caller.userPk));
    assertManager(may ? 'manager' : 'none');
  }
}
