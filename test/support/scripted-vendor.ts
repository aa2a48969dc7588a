import { PushChannels, type CredentialState } from '../../src/modules/push/channels';
import type { ProviderAnswer, ProviderName, PushNote, PushTarget } from '../../src/modules/push/provider';
import type { Parley } from './harness';

export interface Asked {
  target: PushTarget;
  note: PushNote;
  at: number;
}

type Script = (asked: Asked, times: number) => ProviderAnswer | Promise<ProviderAnswer>;

/** A vendor of push in this process that answers by script, with a good credential in every app. */
export class ScriptedVendor {
  readonly asked: Asked[] = [];
  readonly paused = new Map<number, string>();
  answer: Script = ({ note }) => ({ outcome: 'sent', providerId: `taken-${note.id}` });

  /** In the place of this node's vendors. */
  at({ app }: Parley): this {
    Object.assign(app.get(PushChannels, { strict: false }), {
      states: (appPks: readonly number[]) =>
        Promise.resolve(
          new Map(appPks.map((pk) => [pk, new Map<ProviderName, CredentialState>([['apns', this.state(pk)]])])),
        ),
      of: (appPk: number) =>
        Promise.resolve(
          this.state(appPk) === 'ready'
            ? {
                send: async (target: PushTarget, note: PushNote) => {
                  const asked = { target, note, at: performance.now() };
                  this.asked.push(asked);
                  return this.answer(asked, this.of(target.token).length);
                },
                close: () => Promise.resolve(),
              }
            : undefined,
        ),
      pause: (appPk: number, _: ProviderName, reason: string) => Promise.resolve(void this.paused.set(appPk, reason)),
      forget: () => undefined,
    });
    return this;
  }

  /** What one token was sent. */
  of(token: string): Asked[] {
    return this.asked.filter(({ target }) => target.token === token);
  }

  private state(appPk: number): CredentialState {
    return this.paused.has(appPk) ? 'paused' : 'ready';
  }
}
