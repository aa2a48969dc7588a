import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { AppModule } from '../../../src/app.module';
import { prepareApp, stopApp } from '../../../src/boot';
import { Provisioning } from '../../../src/modules/tenancy';
import { Settings } from '../../../src/platform/config/settings';
import { httpAdapter } from '../../../src/platform/entry/http/adapter';

/** The real server on a port of its own, with one online app of arbitrary accounts. */
export async function aRealNode(settings: Settings) {
  const built = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(Settings)
    .useValue(settings)
    .compile();
  const server = built.createNestApplication<NestFastifyApplication>(httpAdapter(settings), {
    logger: false,
    bodyParser: false,
  });
  await prepareApp(server, settings);
  await server.listen(0, '127.0.0.1');
  const provisioning = server.get(Provisioning, { strict: false });
  const { caller } = await provisioning.createVerifiedDeveloper({
    email: 'dev@example.com',
    password: 'a password of a person',
    name: 'Dev',
  });
  const app = await provisioning.createApp(caller, { name: 'Chat', accountMode: 'arbitrary', online: true });
  const url = `http://127.0.0.1:${(server.getHttpServer().address() as AddressInfo).port}`;
  return { url, appId: app.appId, appToken: app.appToken, appSecret: app.appSecret, close: () => stopApp(server) };
}
