import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings';
import { Bus } from './bus';

/** Other nodes that hold sockets, and whether they could take more: each says so with every heartbeat. */
@Injectable()
export class ServingPeers implements OnModuleInit {
  private readonly logger = new Logger('nodes');
  private readonly peers = new Map<string, { ready: boolean }>();
  private told = false;
  /** What this node says of itself. */
  ready: () => boolean = () => true;

  constructor(
    private readonly bus: Bus,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.bus.on('serving', (frame, from) => this.heard(from, frame.ready));
    this.bus.onHeartbeatWithRedis(() => {
      for (const peer of this.peers.keys()) if (!this.bus.peers.includes(peer)) this.peers.delete(peer);
      if (this.settings.role !== 'worker') this.bus.toAll('serving', { ready: this.ready() });
    });
  }

  /** Whether another node would let sockets in. */
  get anyReady(): boolean {
    for (const [peer, { ready }] of this.peers) if (ready && this.bus.peers.includes(peer)) return true;
    return false;
  }

  private heard(from: string, ready: boolean): void {
    this.peers.set(from, { ready });
    if (this.told || this.settings.role === 'worker') return;
    this.told = true;
    if (!this.settings.http.socketTransports.includes('polling')) return;
    this.logger.log(
      'Several nodes serve this deployment and long-polling is on: the load balancer must keep each client on one node ' +
        '(sticky sessions), or set SOCKET_TRANSPORTS=websocket.',
    );
  }
}
