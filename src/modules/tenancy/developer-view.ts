import type { Vault } from '../../platform/secrets/vault';
import type { DeveloperRow, DeveloperStatus } from './developer.entity';
import { quotasOf, type Plan, type Quotas } from './plans';
import { placeOf } from './sealed-places';

/** What was handed in and what became of it, as stored. */
export interface Verification {
  kind: 'person' | 'company';
  name: string;
  /** Base64 of the sealed number. */
  idNumberSealed?: string;
  contact?: string;
  note?: string;
  submittedAt: string;
  rejected?: { at: string; reason?: string };
}

/** A developer as it sees itself. */
export interface DeveloperView {
  accountSid: string;
  email: string;
  name: string;
  status: DeveloperStatus;
  plan: Plan;
  /** In force; what is absent is not limited. */
  quotas: Quotas;
  verification?: Omit<Verification, 'idNumberSealed'>;
  createdAt: string;
  verifiedAt?: string;
}

/** As the operator sees it, to decide. */
export interface DeveloperForOperator extends DeveloperView {
  verification?: Omit<Verification, 'idNumberSealed'> & { idNumber?: string };
}

export const verificationOf = (row: DeveloperRow): Verification | undefined =>
  row.verification === null ? undefined : (JSON.parse(row.verification) as Verification);

/** Where a developer stands, its suspension apart. */
export function standingOf(row: Pick<DeveloperRow, 'verifiedAt' | 'verification'>): DeveloperStatus {
  if (row.verifiedAt) return 'verified';
  if (row.verification === null) return 'unverified';
  return (JSON.parse(row.verification) as Verification).rejected ? 'rejected' : 'pending';
}

export function developerView(row: DeveloperRow): DeveloperView {
  const verification = verificationOf(row);
  const { idNumberSealed: _, ...shown } = verification ?? {};
  return {
    accountSid: row.accountSid,
    email: row.email,
    name: row.name,
    status: row.status,
    plan: row.plan as Plan,
    quotas: quotasOf(row.plan as Plan, row.quotas),
    ...(verification && { verification: shown as Omit<Verification, 'idNumberSealed'> }),
    createdAt: row.createdAt.toISOString(),
    ...(row.verifiedAt && { verifiedAt: row.verifiedAt.toISOString() }),
  };
}

export function developerForOperator(row: DeveloperRow, vault: Vault): DeveloperForOperator {
  const view: DeveloperForOperator = developerView(row);
  const sealed = verificationOf(row)?.idNumberSealed;
  if (view.verification && sealed) {
    view.verification.idNumber = vault.open(Buffer.from(sealed, 'base64'), placeOf.idNumber(row.accountSid));
  }
  return view;
}
