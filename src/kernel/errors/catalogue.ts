/**
 * Every failure a client can see, through REST and through the socket alike. Codes are public API: add freely, never
 * rename. `says` and `zh` tell the reader what to do next; details that differ per call travel in `details`.
 */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method'
  | 'conflict'
  | 'too-large'
  | 'media-type'
  | 'limited'
  | 'unavailable'
  | 'internal';

interface ErrorDefinition {
  kind: ErrorKind;
  /** What the client reads, in English. */
  says: string;
  /** The same in Chinese, for the console and the docs. */
  zh: string;
  /** True where repeating the same call later can succeed; such an answer carries `retryAfterMs`. */
  retryable?: true;
}

export const ERRORS = {
  INVALID_REQUEST: {
    kind: 'invalid',
    says: 'The request is not valid; `field` names the part to correct.',
    zh: '请求无效；请更正 field 所指的部分。',
  },
  BLANK_MESSAGE: {
    kind: 'invalid',
    says: 'The text is blank; nothing was sent. Send a text that shows something.',
    zh: '消息内容为空，未发送；请填写内容后重新发送。',
  },
  UNKNOWN_EVENT: {
    kind: 'invalid',
    says: 'No such event; see the event catalogue at /docs/asyncapi.json.',
    zh: '没有这个事件；请查阅 /docs/asyncapi.json。',
  },

  UNAUTHENTICATED: {
    kind: 'unauthenticated',
    says: 'This call needs a credential: send the header Authorization, or `auth.token` on a socket.',
    zh: '此调用需要凭证：请携带 Authorization 请求头，Socket 连接请携带 auth.token。',
  },
  TOKEN_EXPIRED: {
    kind: 'unauthenticated',
    says: 'The user token has expired; ask your server for a new one.',
    zh: '用户令牌已过期，请向业务后端重新获取。',
  },
  TOKEN_NOT_YET_VALID: {
    kind: 'unauthenticated',
    says: 'The user token was issued in the future; wait `retryAfterMs`, or get a new one from your server.',
    zh: '用户令牌的签发时间晚于当前时间；请在 retryAfterMs 之后重试，或向业务后端重新获取令牌。',
    retryable: true,
  },
  TOKEN_REVOKED: {
    kind: 'unauthenticated',
    says: 'The login behind this token was ended; log in again.',
    zh: '该令牌对应的登录已失效，请重新登录。',
  },
  BAD_CREDENTIALS: {
    kind: 'unauthenticated',
    says: 'Wrong credentials: check the id or account, and that the secret, password or token was not replaced.',
    zh: '凭证不正确：请检查 id 或账号，并确认密钥、密码或令牌未被更换。',
  },

  FORBIDDEN: {
    kind: 'forbidden',
    says: 'Not allowed with this credential; /docs says who may call what.',
    zh: '当前凭证无权执行此操作；各接口允许的调用方见 /docs。',
  },
  APP_NOT_ONLINE: {
    kind: 'forbidden',
    says: 'The app is offline; its developer can take it online.',
    zh: '应用未上线，请由开发者上线应用。',
  },
  APP_SUSPENDED: {
    kind: 'forbidden',
    says: 'The app is suspended; ask the operator.',
    zh: '应用已被暂停，请联系运营方。',
  },
  USER_DEACTIVATED: {
    kind: 'forbidden',
    says: 'This user is deactivated; the app server can activate them again.',
    zh: '该用户已停用；业务后端可以重新启用。',
  },
  NOT_MEMBER: {
    kind: 'forbidden',
    says: 'Only members may do this; join first.',
    zh: '仅成员可执行此操作，请先加入。',
  },
  MUTED: {
    kind: 'forbidden',
    says: 'You are muted here until `details.until`; where it is null, until somebody unmutes you.',
    zh: '你已被禁言，至 details.until 解除；该值为 null 时，须由他人解除。',
  },
  BANNED: {
    kind: 'forbidden',
    says: 'You are banned from here, until the owner, an admin or the app server lifts the ban.',
    zh: '你已被禁止进入，须由所有者、管理员或业务后端解除。',
  },
  GROUP_SUSPENDED: {
    kind: 'forbidden',
    says: 'The app has suspended this group; its app server can resume it.',
    zh: '该群组已被应用暂停；业务后端可以恢复。',
  },
  DEVELOPER_NOT_VERIFIED: {
    kind: 'forbidden',
    says: 'Verify your identity before the first app goes online: POST /v1/developers/me/verification.',
    zh: '首次上线前请先完成认证：POST /v1/developers/me/verification。',
  },
  DEVELOPER_SUSPENDED: {
    kind: 'forbidden',
    says: 'This developer account is suspended; ask the operator.',
    zh: '开发者账号已被暂停，请联系运营方。',
  },

  ROUTE_NOT_FOUND: { kind: 'not-found', says: 'No such path; see /docs.', zh: '没有这个路径；请查阅 /docs。' },
  METHOD_NOT_ALLOWED: {
    kind: 'method',
    says: 'This path takes other methods; the header Allow lists them.',
    zh: '该路径不支持此方法；可用的方法见响应头 Allow。',
  },
  DEVELOPER_NOT_FOUND: { kind: 'not-found', says: 'No such developer.', zh: '开发者不存在。' },
  APP_NOT_FOUND: { kind: 'not-found', says: 'No such app.', zh: '应用不存在。' },
  USER_NOT_FOUND: { kind: 'not-found', says: 'No such user in this app.', zh: '该应用中没有这个用户。' },
  SESSION_NOT_FOUND: { kind: 'not-found', says: 'No such session.', zh: '登录会话不存在。' },
  CONVERSATION_NOT_FOUND: { kind: 'not-found', says: 'No such conversation.', zh: '会话不存在。' },
  GROUP_NOT_FOUND: { kind: 'not-found', says: 'No such group.', zh: '群组不存在。' },
  MEMBER_NOT_FOUND: { kind: 'not-found', says: 'No such member.', zh: '成员不存在。' },
  REQUEST_NOT_FOUND: { kind: 'not-found', says: 'No such request to join.', zh: '入群申请不存在。' },
  INVITATION_NOT_FOUND: { kind: 'not-found', says: 'No such invitation.', zh: '邀请不存在。' },
  MESSAGE_NOT_FOUND: { kind: 'not-found', says: 'No such message.', zh: '消息不存在。' },
  DEAD_LETTER_NOT_FOUND: { kind: 'not-found', says: 'No such dead letter.', zh: '没有这条死信。' },
  ATTRIBUTE_NOT_FOUND: { kind: 'not-found', says: 'No such attribute.', zh: '属性不存在。' },
  PUSH_CREDENTIAL_NOT_FOUND: {
    kind: 'not-found',
    says: 'The app has no credential for this provider.',
    zh: '该应用没有此推送服务的凭证。',
  },
  CHATROOM_NOT_FOUND: { kind: 'not-found', says: 'No such chatroom.', zh: '聊天室不存在。' },

  ALREADY_EXISTS: {
    kind: 'conflict',
    says: 'It exists already; `field` names what to change.',
    zh: '已存在；请更改 field 所指的内容。',
  },
  IDEMPOTENCY_MISMATCH: {
    kind: 'conflict',
    says: 'This id was used before with different content; use a new one for a new message or call.',
    zh: '该 id 已用于不同的内容；新的消息或调用请使用新的 id。',
  },
  OWNER_MUST_TRANSFER: {
    kind: 'conflict',
    says: 'The owner cannot leave: hand the group to another member first, or dissolve it.',
    zh: '群主不能直接退出：请先转让群主，或解散该群。',
  },
  USER_OFFLINE: {
    kind: 'conflict',
    says: 'This user is not connected and cannot be brought in; repeat when they are online.',
    zh: '该用户不在线，无法加入；请在其上线后重试。',
  },
  GROUP_FULL: {
    kind: 'conflict',
    says: 'The group is full (`details.limit` members); remove somebody or raise its `maxMembers` first.',
    zh: '群组人数已满（上限见 details.limit）；请先移除成员，或调高 maxMembers。',
  },
  CHATROOM_FULL: {
    kind: 'conflict',
    says: 'The room is full (`details.limit` people); come back later, or raise its `maxMembers`.',
    zh: '聊天室人数已满（上限见 details.limit）；请稍后再来，或调高 maxMembers。',
  },
  LIMIT_REACHED: {
    kind: 'conflict',
    says: 'The limit is reached (`details.limit`); remove one before adding another.',
    zh: '数量已达上限（details.limit），请先移除一个再添加。',
  },
  ALREADY_DECIDED: {
    kind: 'conflict',
    says: 'This was decided otherwise before; `details.status` says how.',
    zh: '已有其他处理结果；见 details.status。',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    kind: 'media-type',
    says: 'This character set is not supported; send JSON in UTF-8.',
    zh: '不支持该字符集；请发送 UTF-8 编码的 JSON。',
  },
  TOO_LARGE: {
    kind: 'too-large',
    says: 'Too large; `field` names what to shorten.',
    zh: '内容过大；请缩短 field 所指的部分。',
  },

  RATE_LIMITED: {
    kind: 'limited',
    says: 'A rate is used up; `details.budget` says which. Wait `retryAfterMs` and repeat.',
    zh: '频率已达上限，details.budget 指明是哪一项；请在 retryAfterMs 之后重试。',
    retryable: true,
  },
  ROOM_BUSY: {
    kind: 'limited',
    says: 'The room takes no more messages of this priority for now; nothing was sent. Wait `retryAfterMs` and repeat.',
    zh: '聊天室消息过多，暂不接收该优先级的消息，未发送；请在 retryAfterMs 之后重试。',
    retryable: true,
  },
  BUSY: {
    kind: 'limited',
    says: 'Too much is under way, yours or everybody’s; nothing was done. Send fewer at once and repeat after `retryAfterMs`.',
    zh: '正在处理的请求过多（你的或全局的），未执行；请减少并发，并在 retryAfterMs 之后重试。',
    retryable: true,
  },
  QUOTA_EXCEEDED: {
    kind: 'limited',
    says: 'The developer’s plan allows no more (`details.quota`, `details.limit`); remove some, or ask the operator for more.',
    zh: '超出开发者套餐的配额（见 details.quota、details.limit）；请先移除一部分，或联系运营方提升配额。',
  },
  RETRY: {
    kind: 'unavailable',
    says: 'The server could not finish or confirm this in time. Repeat the very same call (same id or Idempotency-Key) after `retryAfterMs`.',
    zh: '服务器未能及时完成或确认此调用；请在 retryAfterMs 之后原样重试（相同的 id 或 Idempotency-Key）。',
    retryable: true,
  },
  INTERNAL: {
    kind: 'internal',
    says: 'Something went wrong on our side; quote `traceId` when you report it.',
    zh: '服务器内部错误；反馈时请提供 traceId。',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERRORS;
