import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scripted } from './script';
import { PushVendors } from './vendors';

type Name = 'apns' | 'fcm' | 'huawei';

/** What the control port is told. */
interface Command {
  vendor: Name;
  /** The device's token, `@next` or `@oauth`. */
  token: string;
  always?: Scripted;
  next?: Scripted[];
}

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/**
 * The vendors as a process of their own. Prints one JSON line when it listens (`{ready, env, control, credentials}`), and
 * one for each request that a vendor got (`{seen}`). The control port takes `POST /script`, `POST /clear`,
 * `POST /go-away`, `POST /credentials` (new ones, as they are uploaded) and answers `GET /seen`.
 */
export async function serveVendors(ports: { apns?: number; fcm?: number; huawei?: number } = {}): Promise<void> {
  const vendors = await new PushVendors().start(ports);
  for (const records of Object.values(vendors.records)) records.onSeen((seen) => say({ seen }));
  const server = createServer((request, response) => void obey(vendors, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  say({
    ready: true,
    env: vendors.env,
    control: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: credentials(vendors),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close();
      void vendors.close().then(() => process.exit(0));
    });
  }
}

const credentials = (vendors: PushVendors) => ({
  apns: vendors.apnsToken(),
  apnsCertificate: vendors.apnsCertificate(),
  fcm: { serviceAccount: vendors.fcm.account() },
  huawei: vendors.huawei.account(),
});

async function obey(vendors: PushVendors, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(act(vendors, `${request.method} ${request.url}`, text) ?? {}));
}

function act(vendors: PushVendors, what: string, text: string): unknown {
  const all: Name[] = ['apns', 'fcm', 'huawei'];
  switch (what) {
    case 'GET /seen':
      return { items: all.flatMap((name) => vendors.records[name].all) };
    case 'POST /credentials':
      return credentials(vendors);
    case 'POST /go-away':
      return vendors.apns.goAway();
    case 'POST /clear':
      for (const name of all) {
        vendors[name].script.clear();
        vendors.records[name].clear();
      }
      return undefined;
    case 'POST /script': {
      const { vendor, token, always, next } = JSON.parse(text) as Command;
      if (always) vendors[vendor].script.set(token, always);
      if (next) vendors[vendor].script.push(token, ...next);
      return undefined;
    }
    default:
      return { error: `no such command: ${what}` };
  }
}
