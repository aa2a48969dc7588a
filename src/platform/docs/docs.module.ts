import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { EventCatalogue } from './event-catalogue';
import { RouteCatalogue } from './route-catalogue';

/** The published face: OpenAPI, AsyncAPI and the catalogue of errors, all read from what runs. */
@Module({
  imports: [DiscoveryModule],
  providers: [EventCatalogue, RouteCatalogue],
  exports: [EventCatalogue, RouteCatalogue],
})
export class DocsModule {}
