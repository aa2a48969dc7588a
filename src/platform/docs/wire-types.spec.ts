import { join } from 'node:path';
import ts from 'typescript';
import { CLIENT_EVENTS, SERVER_EVENTS } from '../../kernel/contracts/socket-events';
import { LIST_ANSWERS, listAnswersOf } from '../../../test/support/list-answers';
import type { WireTypes } from './wire-types';

type Describe = (program: ts.Program) => WireTypes;
const root = join(__dirname, '..', '..', '..');
const { describe: read } = require(join(root, 'scripts', 'wire-types.cjs')) as { describe: Describe };

describe('what the build reads from the types', () => {
  let types: WireTypes;
  beforeAll(() => {
    const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
    const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.build.json'), {}, host);
    if (!config) throw new Error('no tsconfig.build.json');
    types = read(ts.createProgram(config.fileNames, config.options));
  }, 120_000);

  it('says what groups and messages answer', () => {
    expect(types.routes['GroupsController.create']).toEqual({ $ref: '#/components/schemas/GroupView' });
    expect(types.schemas.GroupView).toMatchObject({
      type: 'object',
      properties: {
        memberCount: { type: 'number' },
        role: { type: 'string', enum: expect.arrayContaining(['owner', 'admin', 'member']) },
        owner: { type: 'string', description: 'Its userId.' },
      },
      required: expect.arrayContaining(['groupId', 'conversationId', 'membersMayInvite']),
    });
    expect(types.schemas.GroupView).not.toMatchObject({ required: expect.arrayContaining(['role']) });
    expect(types.routes['GroupMembersController.list']).toMatchObject({
      properties: { items: { type: 'array', items: { $ref: '#/components/schemas/MemberView' } } },
    });
    expect(types.routes).not.toHaveProperty(['GroupMembersController.remove']);
  });

  it('has a sentence for every route and every client event, and for most of what they take', () => {
    const silent = Object.entries(types.said.routes).filter(([, says]) => says === '');
    expect(silent).toEqual([]);
    expect(Object.keys(types.said.routes)).toEqual(expect.arrayContaining(Object.keys(types.routes)));
    expect(Object.keys(types.said.events).sort()).toEqual([...CLIENT_EVENTS].sort());
    expect(types.said.inputs.SendMessageDto?.fields).toMatchObject({
      to: { of: 'AddressDto' },
      clientMessageId: { says: expect.stringContaining('idempotency key') },
    });
    expect(types.said.inputs.CreateAppDto?.fields.settings).toMatchObject({ of: 'AppSettingsDto' });
  });

  it('holds no list of which nobody has said how it is bounded (test/e2e/lists.spec.ts shows that it is)', () => {
    expect(listAnswersOf(types).sort()).toEqual(Object.keys(LIST_ANSWERS).sort());
  });

  it('says what every server event carries, and refers to nothing that it does not say', () => {
    expect(Object.keys(types.events.server).sort()).toEqual([...SERVER_EVENTS].sort());
    expect(types.events.server['conversation:tip']).toMatchObject({
      properties: { conversationId: { type: 'string' }, maxSeq: { type: 'number' } },
      required: ['conversationId', 'maxSeq'],
    });
    expect(types.events.replies['group:join']).toMatchObject({
      properties: { status: { type: 'string', enum: ['joined', 'pending'] } },
    });
    const refs = JSON.stringify(types).matchAll(/"#\/components\/schemas\/(\w+)"/g);
    const unknown = [...refs].filter(([, name]) => !(String(name) in types.schemas));
    expect(unknown).toEqual([]);
  });
});
