import { randomId } from '../../kernel/ids';

/** This process among the nodes of the deployment: new at every start, so that what an earlier life left is told apart. */
export class NodeIdentity {
  readonly id = randomId(12);
}
