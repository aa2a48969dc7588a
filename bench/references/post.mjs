/** Reference for REST: Nest on Fastify with one POST that answers what it was sent; no pipe, no guard. */
import 'reflect-metadata';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

class BareController {
  send(body) {
    return body;
  }
}
// Decorators by hand: this file runs as it is.
const method = Object.getOwnPropertyDescriptor(BareController.prototype, 'send');
Post('v1/messages')(BareController.prototype, 'send', method);
Body()(BareController.prototype, 'send', 0);
Controller()(BareController);

class BareModule {}
Module({ controllers: [BareController] })(BareModule);

const app = await NestFactory.create(BareModule, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
process.send?.({ port: app.getHttpServer().address().port });
process.on('disconnect', () => process.exit(0));
