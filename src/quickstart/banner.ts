import { existsSync, readFileSync } from 'node:fs';
import type { Quickstart } from './quickstart.service';

/**
 * What `npm start` says once it serves: where everything is, and one line that sends a message.
 *
 * @param first whether this start made the accounts. Then the line holds the app's secret, ready to paste; later ones read
 *   it from the file, because logs are kept and terminals are shown
 */
export function banner(url: string, quickstartPath: string, first: boolean): string {
  const lines = [
    '',
    '  Parley is ready · Parley 已就绪',
    '',
    `    REST      ${url}/v1`,
    `    Socket    ${url}  (Socket.IO)`,
    `    Docs      ${url}/docs`,
    `    Health    ${url}/health/ready`,
  ];
  const quickstart = readQuickstart(quickstartPath);
  if (quickstart) {
    const { appId, appSecret, users } = quickstart.apps.arbitrary;
    const credentials = first ? `${appId}:${appSecret}` : readFrom(quickstartPath);
    const [from, to] = users.map(({ userId }) => userId);
    const body = JSON.stringify({
      from,
      to: { kind: 'user', id: to },
      clientMessageId: 'ID',
      type: 'text',
      body: { text: 'Hello, 你好' },
    }).replace('"ID"', `"'$(date +%s)-first-message'"`);
    lines.push(
      `    Accounts  ${quickstartPath}`,
      '',
      '  Send a message · 发一条消息：',
      '',
      `    curl -u ${credentials} -H 'content-type: application/json' ${url}/v1/messages -d '${body}'`,
    );
  }
  return [...lines, '', '  Ctrl-C stops everything · 按 Ctrl-C 停止', ''].join('\n');
}

/** A shell's way to the same credentials. */
const readFrom = (path: string): string =>
  `"$(node -p '((a) => a.appId + ":" + a.appSecret)(JSON.parse(require("fs").readFileSync(process.argv[1])).apps.arbitrary)' '${path.replaceAll("'", `'\\''`)}')"`;

function readQuickstart(path: string): Quickstart | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Quickstart) : undefined;
}
