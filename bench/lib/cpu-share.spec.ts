import { shareOf } from './cpu-share.mjs';

const frame = (functionName: string, url = '') => ({ functionName, url });

describe('the share of a library in a CPU profile', () => {
  it('counts what it does itself and what it called, of the time that was neither idle nor spent on sampling', () => {
    const nodes = [
      { id: 1, callFrame: frame('(root)'), children: [2, 3, 4, 7] },
      { id: 2, callFrame: frame('(idle)') },
      { id: 3, callFrame: frame('send', 'file:///dist/messages.js') },
      { id: 4, callFrame: frame('query', 'file:///node_modules/mysql2/lib/base/connection.js'), children: [5] },
      { id: 5, callFrame: frame('write', 'node:net'), children: [6] },
      { id: 6, callFrame: frame('writeBuffer') },
      { id: 7, callFrame: frame('post', 'node:inspector'), children: [8] },
      { id: 8, callFrame: frame('dispatch') },
    ];
    const profile = { nodes, samples: [2, 3, 4, 6, 8], timeDeltas: [1000, 60, 10, 30, 500] };
    expect(shareOf(profile, /node_modules\/mysql2\//)).toBeCloseTo(0.4);
  });
});
