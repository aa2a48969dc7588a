/** The figures and what they must be: the floor gates a release, the goal is what the design should give. */

/** @typedef {{ what: string, floor: number, goal: number, better: 'higher' | 'lower', against: string, unit: string }} Target */

const R = 'raw Socket.IO echo with acknowledgement, same run';

/** @type {Record<string, Target>} */
export const TARGETS = {
  P1: {
    what: 'durable 1:1 sends, acked and delivered',
    floor: 0.2,
    goal: 0.33,
    better: 'higher',
    against: R,
    unit: '× rate',
  },
  P1c: { what: 'CPU of such a send, all processes', floor: 6, goal: 4, better: 'lower', against: R, unit: '× CPU' },
  P2: {
    what: 'durable 1:1 sends, acked and delivered',
    floor: 2.5,
    goal: 4,
    better: 'higher',
    against: 'ejabberd archiving in the same MariaDB',
    unit: '× rate',
  },
  P2c: {
    what: 'such sends for the same CPU',
    floor: 3,
    goal: 5,
    better: 'higher',
    against: 'ejabberd archiving in the same MariaDB',
    unit: '× per core',
  },
  P3: {
    what: 'send to peer, p99 at half load',
    floor: 25,
    goal: 8,
    better: 'lower',
    against: 'itself at half of its P1 rate',
    unit: 'ms',
  },
  P4: {
    what: 'P1 with flushes 2 ms slower',
    floor: 0.5,
    goal: 0.8,
    better: 'higher',
    against: 'itself without the delay',
    unit: '× rate',
  },
  P5: {
    what: 'deliveries to 1,000 online members of a group',
    floor: 0.85,
    goal: 1,
    better: 'higher',
    against: 'raw Socket.IO room broadcast, same run',
    unit: '× rate',
  },
  P5r: {
    what: 'deliveries to 1,000 in a room',
    floor: 0.85,
    goal: 0.95,
    better: 'higher',
    against: 'raw Socket.IO room broadcast, same run',
    unit: '× rate',
  },
  P5j: {
    what: 'CPU of a join, 5,000 at once, with ten messages',
    floor: 6,
    goal: 3,
    better: 'lower',
    against: 'raw Socket.IO join and ten emits, same run',
    unit: '× CPU',
  },
  P5b: {
    what: 'CPU of a send to a group of 10,000, 10 online',
    floor: 1.5,
    goal: 1.1,
    better: 'lower',
    against: 'a group of those 10, same run',
    unit: '× CPU',
  },
  P6: {
    what: 'CPU of a delivery in a busy room, in batches',
    floor: 0.35,
    goal: 0.15,
    better: 'lower',
    against: 'raw Socket.IO room broadcast, same run',
    unit: '× CPU',
  },
  P6b: {
    what: 'high messages accepted at three times the rate of a room',
    floor: 0.99,
    goal: 1,
    better: 'higher',
    against: 'all that were offered',
    unit: '× offered',
  },
  P7: {
    what: 'CPU of a delivery to 1,000',
    floor: 0.6,
    goal: 0.4,
    better: 'lower',
    against: 'an ejabberd room, which stores nothing',
    unit: '× CPU',
  },
  P8: {
    what: 'memory of an idle connection',
    floor: 1.6,
    goal: 1.2,
    better: 'lower',
    against: 'raw Socket.IO',
    unit: '× PSS',
  },
  P8b: {
    what: 'memory of an idle connection',
    floor: 0.6,
    goal: 0.4,
    better: 'lower',
    against: 'ejabberd',
    unit: '× PSS',
  },
  P9: {
    what: 'CPU of connect and authentication',
    floor: 4,
    goal: 2.5,
    better: 'lower',
    against: 'raw Socket.IO handshake',
    unit: '× CPU',
  },
  P10: {
    what: 'pushes to those away, from message to record, null vendor',
    floor: 0.7,
    goal: 1,
    better: 'higher',
    against: 'bare BullMQ, one job a push',
    unit: '× rate',
  },
  P10b: {
    what: 'the same, to a push service over HTTP/2 and TLS',
    floor: 0.5,
    goal: 0.8,
    better: 'higher',
    against: 'bare BullMQ, one job and one such request a push',
    unit: '× rate',
  },
  P11: {
    what: 'history page p50, large table, hot',
    floor: 1.5,
    goal: 1.1,
    better: 'lower',
    against: 'itself at 100,000 rows',
    unit: '× p50',
  },
  P11b: {
    what: 'history page p99, any conversation',
    floor: 10,
    goal: 3,
    better: 'lower',
    against: 'absolute, buffer pool smaller than the table',
    unit: 'ms',
  },
  P12: {
    what: 'CPU of a REST send, server without SQL client',
    floor: 4,
    goal: 2,
    better: 'lower',
    against: 'Nest and Fastify, bare POST',
    unit: '× CPU',
  },
  P13: {
    what: 'CPU of an event that does nothing',
    floor: 1.8,
    goal: 1.3,
    better: 'lower',
    against: 'raw Socket.IO acknowledging the same event, same run',
    unit: '× CPU',
  },
};

/** @param {number} value @param {Target} target @returns {'goal' | 'floor' | 'below'} what the value reaches */
export function reached(value, { floor, goal, better }) {
  const passes = (/** @type {number} */ line) => (better === 'higher' ? value >= line : value <= line);
  return passes(goal) ? 'goal' : passes(floor) ? 'floor' : 'below';
}
