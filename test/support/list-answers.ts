import type { WireTypes } from '../../src/platform/docs/wire-types';

type Schema = Record<string, unknown>;

/**
 * Why an answer that holds many things is never large. `page`: by rows and by bytes, with a cursor for what is left;
 * `asked`: it has one thing for each that the call named; else a sentence that says why there are few.
 */
export type Bound = 'page' | 'asked' | { readonly few: string };

const DEVICES = 'a user has 20 devices at most';
const CREDENTIAL = 'a few facts about one credential';
const ENDPOINTS = 'as many endpoints as the app or the deployment names, 16 at most';

/** Every answer that holds a list, of routes by `Controller.method` and of events by their names. */
export const LIST_ANSWERS: Readonly<Record<string, Bound>> = {
  'OperatorController.list': 'page',
  'AppsController.list': 'page',
  'UsersController.list': 'page',
  'UsersController.sessionsOf': 'page',
  'ConversationsController.all': 'page',
  'ConversationsController.messages': 'page',
  'UserConversationsController.conversations': 'page',
  'GroupsController.list': 'page',
  'GroupsController.readersOf': 'page',
  'GroupMembersController.list': 'page',
  'GroupRequestsController.list': 'page',
  'UserGroupsController.groups': 'page',
  'UserGroupsController.invited': 'page',
  'ModerationController.mutes': 'page',
  'ModerationController.speakers': 'page',
  'ModerationController.bans': 'page',
  'ChatroomsController.list': 'page',
  'ChatroomsController.messages': 'page',
  'ChatroomMembersController.list': 'page',
  'ChatroomMembersController.admins': 'page',
  'ChatroomModerationController.mutes': 'page',
  'ChatroomModerationController.speakers': 'page',
  'ChatroomModerationController.bans': 'page',
  'SuperAdminsController.list': 'page',
  'AttributesController.list': 'page',
  'DeliveriesController.list': 'page',
  'DeadLettersController.list': 'page',

  'UsersController.create': 'asked',
  'GroupMembersController.add': 'asked',
  'GroupRequestsController.invite': 'asked',
  'ChatroomMembersController.add': 'asked',
  'PresenceController.of': 'asked',
  'MessagesController.send': 'asked',

  'DevicesController.list': { few: DEVICES },
  'DevicesController.bind': { few: 'one warning for each of two hints' },
  'ExplainController.explain': { few: DEVICES },
  'PushCredentialsController.list': { few: 'an app has one credential for each provider' },
  'PushCredentialsController.get': { few: CREDENTIAL },
  'ApnsCredentialController.upload': { few: CREDENTIAL },
  'FcmCredentialController.upload': { few: CREDENTIAL },
  'HuaweiCredentialController.upload': { few: CREDENTIAL },
  'SessionsController.login': { few: ENDPOINTS },
  'SessionsController.renew': { few: ENDPOINTS },
  'UsersController.issue': { few: ENDPOINTS },

  'conversation:pull': 'page',
  sync: 'page',
  'sync:heads': 'page',
  'chatroom:join': 'page',
  'message:send': 'asked',
  'presence:subscribe': 'asked',
  'group:invite': 'asked',
};

/** The names of the answers in which these types hold a list, or a map of names that somebody chose. */
export function listAnswersOf({ routes, events, schemas }: WireTypes): string[] {
  const resolved = (schema: Schema): Schema => {
    const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
    return name === undefined ? schema : (schemas[name] ?? {});
  };
  const isMany = (schema: Schema): boolean => {
    const { type, anyOf, additionalProperties } = resolved(schema);
    if (Array.isArray(anyOf)) return anyOf.some((one) => isMany(one as Schema));
    return type === 'array' || Object.keys((additionalProperties as Schema | undefined) ?? {}).length > 0;
  };
  const holdsMany = (schema: Schema): boolean => {
    const { anyOf, properties = {} } = resolved(schema);
    if (Array.isArray(anyOf)) return anyOf.some((one) => holdsMany(one as Schema));
    return isMany(schema) || Object.values(properties as Record<string, Schema>).some(isMany);
  };
  return [...Object.entries(routes), ...Object.entries(events.replies)]
    .filter(([, schema]) => holdsMany(schema))
    .map(([name]) => name);
}
