/** What part of a server's CPU one library takes, from samples of its stack. */

/**
 * @typedef {{ id: number, callFrame: { functionName: string, url: string }, children?: number[] }} ProfileNode
 * @typedef {{ nodes: ProfileNode[], samples: number[], timeDeltas: number[] }} Profile as the inspector gives it
 */

const IDLE = new Set(['(idle)', '(root)']);
/** The sampler's own work. */
const SAMPLER = /^node:inspector/;

/**
 * The share (0 to 1) of busy time in functions of files that match, or in what they called.
 * @param {Profile} profile @param {RegExp} files of the URLs of scripts
 */
export function shareOf({ nodes, samples, timeDeltas }, files) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const matches = under(nodes, files);
  const sampling = under(nodes, SAMPLER);
  let busy = 0;
  let matching = 0;
  samples.forEach((id, index) => {
    const node = byId.get(id);
    if (!node || IDLE.has(node.callFrame.functionName) || sampling.has(id)) return;
    busy += timeDeltas[index];
    if (matches.has(id)) matching += timeDeltas[index];
  });
  return busy === 0 ? Number.NaN : matching / busy;
}

/**
 * The nodes of such files, and all below them; a node stands behind its parent.
 * @param {ProfileNode[]} nodes @param {RegExp} files
 */
function under(nodes, files) {
  /** @type {Set<number>} */
  const found = new Set();
  for (const node of nodes) {
    if (files.test(node.callFrame.url)) found.add(node.id);
    if (found.has(node.id)) for (const id of node.children ?? []) found.add(id);
  }
  return found;
}
