import { Injectable } from '@nestjs/common';
import type { OperatorCaller } from '../../kernel/caller';
import { readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import { Live } from '../../platform/realtime/live';
import { Vault } from '../../platform/secrets/vault';
import { appView, type AppView } from './app-view';
import { AppsRepository } from './apps.repository';
import { Audit } from './audit';
import { developerForOperator, standingOf, verificationOf, type DeveloperForOperator } from './developer-view';
import { DevelopersRepository, type DeveloperPatch } from './developers.repository';
import type { DeveloperRow } from './developer.entity';
import type { ChangeDeveloperDto, DecisionDto, DevelopersQuery } from './dto/developer.dto';
import { KnownDevelopers } from './known-developers';

/** What the operator decides about developers and their apps. */
@Injectable()
export class OperatorService {
  constructor(
    private readonly developers: DevelopersRepository,
    private readonly apps: AppsRepository,
    private readonly known: KnownDevelopers,
    private readonly vault: Vault,
    private readonly live: Live,
    private readonly audit: Audit,
    private readonly pages: Pages,
  ) {}

  /** Newest first. */
  async list(_: OperatorCaller, query: DevelopersQuery): Promise<Page<DeveloperForOperator>> {
    const limit = limitOf(query);
    const [before] = readCursor(query.cursor, 'number') ?? [];
    const rows = await this.developers.page(limit + 1, before, query.status);
    return this.pages.of(
      rows,
      limit,
      ({ id }) => [id],
      (row) => developerForOperator(row, this.vault),
    );
  }

  /** Verified, from whatever state; a suspended developer stays suspended until it is resumed. */
  approve(caller: OperatorCaller, accountSid: string): Promise<DeveloperForOperator> {
    return this.decide(caller, accountSid, 'approved', (row) => {
      if (row.verifiedAt) return undefined;
      const verification = verificationOf(row);
      delete verification?.rejected;
      return stand(row, { verifiedAt: new Date(), verification: verification ? JSON.stringify(verification) : null });
    });
  }

  /** Not verified (any more). Apps that went online before stay online: suspending is what stops them. */
  reject(caller: OperatorCaller, accountSid: string, { reason }: DecisionDto): Promise<DeveloperForOperator> {
    return this.decide(caller, accountSid, 'rejected', (row) => {
      const at = new Date().toISOString();
      const submitted = verificationOf(row) ?? { kind: 'person', name: row.name, submittedAt: at };
      const verification = JSON.stringify({ ...submitted, rejected: { at, ...(reason && { reason }) } });
      return stand(row, { verifiedAt: null, verification });
    });
  }

  /** Refuses the developer's calls (DEVELOPER_SUSPENDED) and every call of its apps (APP_SUSPENDED). */
  suspend(caller: OperatorCaller, accountSid: string): Promise<DeveloperForOperator> {
    return this.decide(caller, accountSid, 'suspended', ({ status }) =>
      status === 'suspended' ? undefined : { status: 'suspended' },
    );
  }

  /** Back to where the developer stood, and its apps with it. */
  resume(caller: OperatorCaller, accountSid: string): Promise<DeveloperForOperator> {
    return this.decide(caller, accountSid, 'resumed', (row) =>
      row.status === 'suspended' ? { status: standingOf(row) } : undefined,
    );
  }

  change(
    caller: OperatorCaller,
    accountSid: string,
    { plan, quotas }: ChangeDeveloperDto,
  ): Promise<DeveloperForOperator> {
    return this.decide(caller, accountSid, 'plan-changed', () => {
      if (plan === undefined && quotas === undefined) return undefined;
      return { ...(plan && { plan }), ...(quotas && { quotas: JSON.stringify(quotas) }) };
    });
  }

  suspendApp(caller: OperatorCaller, appId: string): Promise<AppView> {
    return this.decideApp(caller, appId, 'suspended', ({ status }) =>
      status === 'suspended' ? undefined : { status: 'suspended', resumesTo: status },
    );
  }

  /** Back to the state in which the app was suspended, or that its developer has chosen since. */
  resumeApp(caller: OperatorCaller, appId: string): Promise<AppView> {
    return this.decideApp(caller, appId, 'resumed', ({ status, resumesTo }) =>
      status === 'suspended' ? { status: resumesTo ?? 'offline', resumesTo: null } : undefined,
    );
  }

  private async decideApp(
    caller: OperatorCaller,
    appId: string,
    action: string,
    decide: Parameters<AppsRepository['change']>[2],
  ): Promise<AppView> {
    const row = await this.apps.change(undefined, appId, decide);
    await this.live.forgetEverywhere({ cache: 'app', appPk: row.id, pk: row.id });
    this.audit.record(caller, `app.${action}`, { appId, status: row.status });
    return appView(row);
  }

  private async decide(
    caller: OperatorCaller,
    accountSid: string,
    action: string,
    decide: (row: DeveloperRow) => DeveloperPatch | undefined,
  ): Promise<DeveloperForOperator> {
    const { row, appPks } = await this.developers.change(accountSid, decide);
    await this.known.changed(row.id, appPks);
    this.audit.record(caller, `developer.${action}`, { accountSid, status: row.status, plan: row.plan });
    return developerForOperator(row, this.vault);
  }
}

/** The patch with the status that follows from it. */
const stand = ({ status }: DeveloperRow, patch: Pick<DeveloperRow, 'verifiedAt' | 'verification'>): DeveloperPatch => ({
  ...patch,
  status: status === 'suspended' ? status : standingOf(patch),
});
