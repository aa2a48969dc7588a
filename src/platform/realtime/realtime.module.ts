import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Admission } from './admission';
import { Bus } from './bus';
import { BusFallback } from './bus-fallback';
import { Connections } from './connections';
import { Dispatcher, REALTIME_OPTIONS, type RealtimeOptions } from './dispatcher';
import { Drain } from './drain';
import { EventHandlers } from './event-handlers';
import { FanOut } from './fan-out';
import { GapHints } from './gap-hints';
import { InboundFlows } from './inbound/inbound-flows';
import { UnauthenticatedConnections } from './inbound/unauthenticated-connections';
import { LoopTurns } from './inbound/loop-turns';
import { HearersHere } from './hearers-here';
import { Kicks } from './kicks';
import { FallbackTable } from './fallback-table';
import { Live } from './live';
import { LiveService } from './live.service';
import { Outbound } from './outbound';
import { Overload } from './overload';
import { Passes } from './passes';
import { Present } from './present';
import { Presence } from './presence';
import { ProofLease } from './proof-lease';
import { Routes } from './routes';
import { ServingPeers } from './serving-peers';

/**
 * Sockets and the bus between nodes. A worker holds it too, without sockets: it speaks to users through `Live`.
 * A test harness with fewer modules overrides `REALTIME_OPTIONS` with `{ everyEvent: false }`.
 */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    Admission,
    Bus,
    BusFallback,
    Connections,
    Dispatcher,
    Drain,
    EventHandlers,
    FanOut,
    GapHints,
    HearersHere,
    InboundFlows,
    Kicks,
    FallbackTable,
    { provide: Live, useClass: LiveService },
    Outbound,
    Overload,
    Passes,
    Present,
    Presence,
    { provide: REALTIME_OPTIONS, useValue: { everyEvent: true } satisfies RealtimeOptions },
    ProofLease,
    Routes,
    ServingPeers,
    UnauthenticatedConnections,
    LoopTurns,
  ],
  exports: [
    Admission,
    ServingPeers,
    Bus,
    BusFallback,
    Connections,
    Dispatcher,
    Drain,
    InboundFlows,
    Kicks,
    Live,
    Outbound,
    Overload,
    Passes,
    ProofLease,
  ],
})
export class RealtimeModule {}
